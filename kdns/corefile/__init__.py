"""The Corefile's language: text in, server blocks of directives out, each word with its place.

What a directive means is for the plugin of its name to say; no plugin is known here.
"""
