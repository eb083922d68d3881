"""A real API server and a fake one that hold the same, and what must be the same in their answers.

Alike are code, content type, and the whole body but for names of users, numbers, dates, uids and tokens.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.apiserver.asking import SERVICES, Answer, Asker
from tests.apiserver.fake import FakeApiServer
from tests.apiserver.real import RealServer
from tests.apiserver.resources import RESOURCES, Object


@dataclass
class Pair:
    """A real server and a fake one that hold the same; `_held` is what of the real one, by uid."""

    real: RealServer
    fake: FakeApiServer
    _held: dict[str, object] = field(default_factory=dict)

    def put(self, *objects: Object) -> None:
        self.real.put(*objects)
        self.mirror()

    def delete(self, *key: str) -> None:
        self.real.delete(*key)
        self.fake.delete(*key)

    def mirror(self) -> None:
        """Put into the fake what is new in the real one."""
        for resource in RESOURCES:
            for item in self.real.call("GET", resource.path)["items"]:
                uid, version = item["metadata"]["uid"], item["metadata"]["resourceVersion"]
                if self._held.get(uid) != version:
                    self._held[uid] = version
                    self.fake.put({"kind": resource.kind, "apiVersion": resource.api_version} | item)

    @property
    def versions(self) -> tuple[int, int]:
        real = self.real.call("GET", SERVICES)["metadata"]["resourceVersion"]
        return int(real), self.fake.version

    def askers(self, user: str = "admin") -> tuple[Asker, Asker]:
        """Return a client of each for a user; the fake knows but one, and takes his rights if he has none."""
        self.fake.tokens = {"admin", "nobody"}
        self.fake.forbidden.clear()
        self.fake.forbidden.update(each.plural for each in RESOURCES if user == "nobody")
        known = self.real.token(user) if user in ("admin", "nobody") else user
        return Asker(self.real.url, known, str(self.real.ca)), Asker(self.fake.url, user)

    async def ask(
        self,
        path: str,
        query: dict[str, str],
        past: tuple[int, int] = (0, 0),
        *,
        accept: str = "",
        user: str = "admin",
    ) -> list[object]:
        """Return what is to be the same in both answers; `{past}` in a query is the version of each."""
        asking = []
        for asker, version in zip(self.askers(user), past, strict=True):
            filled = {key: value.format(past=version) for key, value in query.items()}
            asking.append(asker.ask(path, accept, **filled))
        return list(map(judge, await asyncio.gather(*asking)))


def bare(tree: Any) -> Any:
    """Return what two servers must have in common."""
    if isinstance(tree, dict):
        masked = {"uid", "resourceVersion", "creationTimestamp", "continue", "remainingItemCount"}
        return {
            key: "*" if key in masked else bare(value)
            for key, value in tree.items()
            if key not in ("managedFields", "generation")
        }
    if isinstance(tree, list):
        return [bare(each) for each in tree]
    return re.sub(r'\d+|(?<=User )"[^"]*"', "*", tree) if isinstance(tree, str) else tree


def judge(answer: Answer) -> object:
    trees = sorted(map(bare, answer.trees), key=json.dumps)
    return answer.code, answer.headers["Content-Type"], answer.headers.get("Retry-After"), trees
