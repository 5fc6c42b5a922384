"""Time how long chart libraries take to draw one curve in Chromium, and print their sizes.

NODE_PATH names a folder of npm that has uplot, vega, vega-lite, plotly.js-basic-dist-min and
@bokeh/bokehjs: `NODE_PATH=... python benchmarks/charts.py`. It needs the package playwright.
"""

from __future__ import annotations

import gzip
import os
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

POINTS = 100_000
DRAWN = "await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));"
LIBRARIES = {
    "uPlot": (
        ["uplot/dist/uPlot.iife.min.js"],
        "new uPlot({width: 600, height: 230, series: [{}, {stroke: 'blue'}],"
        " scales: {x: {time: false}}}, [xs, ys], place);",
    ),
    "Vega-Lite": (
        ["vega/build/vega.min.js", "vega-lite/build/vega-lite.min.js"],
        "const spec = {data: {values: xs.map((x, i) => ({x, y: ys[i]}))}, mark: 'line', width: 600,"
        " height: 230, encoding: {x: {field: 'x', type: 'quantitative'},"
        " y: {field: 'y', type: 'quantitative'}}};"
        "await new vega.View(vega.parse(vegaLite.compile(spec).spec),"
        " {renderer: 'canvas', container: place}).runAsync();",
    ),
    "Plotly": (
        ["plotly.js-basic-dist-min/plotly-basic.min.js"],
        "await Plotly.newPlot(place, [{x: xs, y: ys, mode: 'lines'}], {width: 600, height: 230});",
    ),
    "Bokeh": (
        ["@bokeh/bokehjs/build/js/bokeh.min.js", "@bokeh/bokehjs/build/js/bokeh-api.min.js"],
        "const figure = Bokeh.Plotting.figure({width: 600, height: 230, output_backend: 'canvas'});"
        "figure.line(xs, ys); await Bokeh.Plotting.show(figure, place);",
    ),
    "SVG path": (
        [],
        "place.innerHTML = '<svg width=600 height=230><path fill=none stroke=blue d=\"M' +"
        " xs.map((x, i) => `${(x / 1e5 * 600).toFixed(1)} ${(115 - 50 * ys[i]).toFixed(1)}`)"
        ".join('L') + '\"/></svg>';",
    ),
}


def main() -> None:
    """Print a row for each library: its size, compressed, and the time of the first drawing."""
    modules = Path(os.environ["NODE_PATH"])
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"]
        executable = shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=executable, args=arguments)
        for name, (scripts, draw) in LIBRARIES.items():
            sources = [Path(modules, script).read_text(encoding="utf-8") for script in scripts]
            size = sum(len(source.encode()) for source in sources)
            packed = len(gzip.compress("".join(sources).encode()))
            times = []
            for _ in range(5):
                page = browser.new_page()
                page.set_content("<div id=place></div>")
                for source in sources:
                    page.add_script_tag(content=source)
                times.append(
                    page.evaluate(
                        f"""async () => {{
                            const xs = Array.from({{length: {POINTS}}}, (_, i) => i);
                            const ys = xs.map((x) => Math.sin(x / 3000) + Math.random());
                            const place = document.getElementById("place");
                            const began = performance.now();
                            {draw}
                            {DRAWN}
                            return performance.now() - began;
                        }}"""
                    )
                )
                page.close()
            print(f"{name:10} {size / 1000:7.0f} KB {packed / 1000:5.0f} KB {min(times):7.0f} ms")
        browser.close()


if __name__ == "__main__":
    main()
