"""Tests mirror the packages.

This file is load-bearing: without it ``tests/api/__init__.py`` would be imported as
``api`` and hide the package under test.
"""
