"""Conformance: does the service behind an endpoint keep the rules?"""
