"""Where botocore and this package meet: the only modules that import botocore."""
