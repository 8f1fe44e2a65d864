"""Plays the story: the same commands as a hospital types, one after the other, whoever runs them."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from agent.demo import story
from agent.domain.errors import AgentError, ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from agent.demo.files import InboxFile
    from agent.demo.stage import Stage

_READ_FROM_EVIDENCE = ("facts",)
_MISSING_SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one command answered: its exit code, its standard output, its errors."""

    code: int
    output: str
    errors: str


class Carenage(Protocol):
    """Runs one command line of `carenage`."""

    def __call__(self, *argv: str) -> Answer:
        """Never raises for what the command answers."""
        ...


class Narrator(Protocol):
    """Tells what happens to whoever watches."""

    def step(self, title: str) -> AbstractContextManager[None]:
        """Announce a step, and that it is done."""
        ...

    def say(self, text: str) -> None:
        """Tell one line, or several, about the step."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the demonstration leaves: the screen, and where everything is."""

    screen: str
    status: dict[str, Any]
    passed: dict[str, Any]
    mails: tuple[Path, ...]
    cards: tuple[Path, ...]
    dossier: dict[str, Any]
    verification: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """
    One performance on `stage`.

    `complete` turns the configuration that `carenage init` wrote into the story's; `files` are
    dropped into the inbox. Every step raises AgentError, with what the command said, when it fails.
    """

    stage: Stage
    carenage: Carenage
    narrator: Narrator
    complete: Callable[[str], str]
    files: Iterable[InboxFile]

    def perform(self) -> Told:
        """Play everything."""
        self._install()
        self._configure()
        self._drop()
        passed = self._pass()
        self._second_pass()
        self._declare()
        with self.narrator.step("Où en est le programme"):
            status = self._json("status", "--json")
            screen = self._command("status").output
        verification = self._verify()
        dossier = self._build()
        return Told(
            screen=screen,
            status=status,
            passed=passed,
            mails=_files(self.stage.mails, "eml"),
            cards=_files(self.stage.cards, "json"),
            dossier=dossier,
            verification=verification,
        )

    def _install(self) -> None:
        stage = self.stage
        with self.narrator.step("Première installation : carenage init"):
            made = self._json(
                "init", "--non-interactive", "--json",
                "--vault", str(stage.vault), "--state", str(stage.state), "--inbox", str(stage.inbox),
                "--candidate-id", story.CANDIDATE_ID, "--candidate-name", story.CANDIDATE_NAME,
                "--candidate-type", "GHT", "--finess", story.CHU.finess,
                "--programme", story.PROGRAMME, "--phase-start", story.PHASE_START.isoformat(),
            )  # fmt: skip
            for pair in made["identities"]:
                path = stage.identity(pair["holder"])
                path.touch(mode=0o600)
                path.write_text(f"# public key: {pair['recipient']}\n{pair['identity']}\n", encoding="utf-8")
            self.narrator.say("Deux paires de clés : l'agent ne garde que les clés publiques.")

    def _configure(self) -> None:
        with self.narrator.step("Configuration du GHT : carenage config check"):
            text = self.stage.config.read_text(encoding="utf-8")
            self.stage.config.write_text(self.complete(text), encoding="utf-8", newline="\n")
            checked = self._json("config", "check", "--json")
            for problem in checked["problems"]:
                raise AgentError(f"La configuration de la démonstration est fautive : {problem}.")
            shares = sum(one.activity for one in story.ESTABLISHMENTS)
            for one in story.ESTABLISHMENTS:
                role = ", support" if one.support else ""
                self.narrator.say(f"{one.name}{role} : {100 * one.activity / shares:.0f} % de l'activité combinée")

    def _drop(self) -> None:
        with self.narrator.step("Les fichiers des mois passés arrivent dans la boîte de dépôt"):
            if self._json("evidence", "list", "--json"):
                raise AgentError("Le coffre n'est pas vide avant la première passe : rien ne doit y être injecté.")
            names = []
            for file in self.files:
                (self.stage.inbox / file.name).write_bytes(file.content)
                names.append(file.name)
            reports = sum(1 for name in names if not name.endswith(".toml"))
            self.narrator.say(f"{reports} fichiers, avec leurs fichiers compagnons ; le coffre est vide.")

    def _pass(self) -> dict[str, Any]:
        with self.narrator.step("Une passe : carenage run"):
            passed: dict[str, Any] = self._json("run", "--json")
            for job in passed["jobs"]:
                line = f"{' '.join(filter(None, (job['job'], job['subject'])))} : {job['message']}"
                if job["outcome"] != "done":
                    raise AgentError(line)
                self.narrator.say(line)
            collected = {evidence for job in passed["jobs"] for evidence in job["evidence"]}
            sealed = {
                item["id"]
                for item in self._json("evidence", "list", "--json")
                if item["class"] not in _READ_FROM_EVIDENCE
            }
            if sealed != collected:
                raise AgentError("Le coffre ne contient pas exactement ce que la passe a collecté.")
            self.narrator.say(f"{len(passed['alerts'])} alerte(s), en un seul message par canal.")
            for folder, what in ((self.stage.mails, "courriel"), (self.stage.cards, "carte")):
                if not any(folder.iterdir()):
                    raise AgentError(f"Aucun message n'est arrivé : {what}.")
        return passed

    def _second_pass(self) -> None:
        with self.narrator.step("Une seconde passe : rien n'est dû, personne n'est dérangé"):
            before = (_files(self.stage.mails, "eml"), _files(self.stage.cards, "json"))
            again = self._json("run", "--json")
            if again["alerts"] or before != (_files(self.stage.mails, "eml"), _files(self.stage.cards, "json")):
                raise AgentError("La seconde passe a envoyé des messages alors que rien n'a changé.")

    def _declare(self) -> None:
        with self.narrator.step("Ce qu'aucune machine ne collecte se déclare : carenage declare"):
            for one in story.DECLARED:
                words = ["declare", one.kind, "--establishment", one.establishment, "--person", one.by]
                words += [word for name, value in one.fields.items() for word in ("--set", f"{name}={value}")]
                if one.proof is not None:
                    proof = self.stage.proofs / one.proof
                    proof.write_text(one.text, encoding="utf-8", newline="\n")
                    words += ["--file", f"proof={proof}"]
                declared = self._json(*words, "--json")
                for use in declared["objectives"]:
                    left = ", ".join(place.name for place in story.ESTABLISHMENTS if place.id in use["remaining"])
                    self.narrator.say(f"{declared['label']}, pour {use['objective']} ; reste à acquérir : {left}")

    def _verify(self) -> dict[str, Any]:
        with self.narrator.step("Contrôle du coffre : carenage vault verify"):
            verification: dict[str, Any] = self._json(
                "vault", "verify", "--json", accept=(ExitCode.OK, ExitCode.NO_ANCHOR)
            )
            if not verification["ok"]:
                raise AgentError(f"Le coffre n'est pas intact : {verification['problems']}")
            deposits, lines = verification["deposits"], verification["journal_entries"]
            self.narrator.say(f"Coffre intact : {deposits} dépôts, {lines} lignes de journal.")
        return verification

    def _build(self) -> dict[str, Any]:
        with self.narrator.step("Le RSSI ouvre le coffre et constitue le dossier : carenage dossier build"):
            identity = str(self.stage.identity("rssi"))
            dossier: dict[str, Any] = self._json(
                "dossier", "build", "--to", str(self.stage.dossier), "--identity", identity, "--json"
            )
            missing = dossier["missing"]
            for item in missing[:_MISSING_SHOWN]:
                self.narrator.say(f"Il manque, pour {item['objective']} : {item['piece']}")
            if len(missing) > _MISSING_SHOWN:
                self.narrator.say(
                    f"Et {len(missing) - _MISSING_SHOWN} autres pièces : carenage dossier check les liste"
                )
        return dossier

    def _json(self, *argv: str, accept: Sequence[int] = (ExitCode.OK,)) -> Any:
        answer = self._command(*argv, accept=accept)
        try:
            return json.loads(answer.output)
        except ValueError as error:
            raise AgentError(f"« carenage {argv[0]} » n'a pas répondu en JSON.\n{_said(answer)}") from error

    def _command(self, *argv: str, accept: Sequence[int] = (ExitCode.OK,)) -> Answer:
        answer = self.carenage("--config", str(self.stage.config), *argv)
        if answer.code not in accept:
            raise AgentError(f"« carenage {' '.join(argv[:2])} » a répondu {answer.code}.\n{_said(answer)}")
        return answer


def _said(answer: Answer) -> str:
    return "\n".join(filter(None, (answer.output.strip(), answer.errors.strip()))) or "(rien n'a été dit)"


def _files(folder: Path, suffix: str) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(f"*.{suffix}")))


def farewell(stage: Stage, told: Told, *, command: str) -> Iterator[str]:
    """Yield where everything is, and what to try next; `command` is how this person calls `carenage`."""
    yield "Tout est dans " + str(stage.root)
    rows = [
        ("courriel", told.mails[0]),
        ("carte", told.cards[0]),
        ("dossier", told.dossier["path"]),
        ("coffre", stage.vault),
        ("clés privées", stage.keys),
        ("configuration", stage.config),
    ]
    for label, path in rows:
        yield f"  {label:<14} {path}"
    yield "À essayer ensuite :"
    config = f"{command} --config {shlex.quote(str(stage.config))}"
    for question in told.status["questions"]:
        yield "  " + question["command"].replace("carenage", config, 1)
    yield f"  {config} dossier check"
    yield f"  {config} evidence list"
    yield f"  {config} status"
