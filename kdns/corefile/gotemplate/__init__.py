"""Templates in a Corefile: as much of Go's text/template as people write there, made functions once.

    template = compiled(word, "answer")
    template.text_for(Struct("*template.templateData", {"Name": "www.example."}))

Text and `{{ actions }}` with fields, variables, pipelines, functions, if, with, comments and trim markers.
"""

from kdns.corefile.gotemplate.failures import TemplateFailure
from kdns.corefile.gotemplate.template import Field, Template, compiled
from kdns.corefile.gotemplate.values import Function, Struct, Value

__all__ = ["Field", "Function", "Struct", "Template", "TemplateFailure", "Value", "compiled"]
