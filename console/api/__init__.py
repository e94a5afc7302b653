"""/api/v1: what partners' programs may read and do, with a token (console/api_tokens.py) instead of a person's session.

A route is a function of a module that `app.py` lists; it takes `Annotated[Call, Depends(calls(ApiScope…))]` and answers
with a model, or, where it changes something, with `call.change(work)`, which keeps the answer for whoever sends the
same call again. Every error leaves as a problem of `problems.py`; `document.py` makes the OpenAPI document of it all.
"""
