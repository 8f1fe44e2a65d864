"""The lab's certificate authority: one for each lab, its certificates name hosts and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class ServerFiles(NamedTuple):
    """A server's certificate chain and its private key, both PEM."""

    certificate: Path
    key: Path


class Authority:
    """A throw-away certificate authority whose files stand in `directory`; `ca_file` is what clients trust."""

    def __init__(self, directory: Path) -> None:
        import trustme

        directory.mkdir(parents=True, exist_ok=True)
        self._ca = trustme.CA(organization_name="Lab")
        self._directory = directory
        self.ca_file = directory / "ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def issue(self, *names: str) -> ServerFiles:
        """Issue a certificate for `names` (host names or addresses), the first one as its common name."""
        issued = self._ca.issue_cert(*names, common_name=names[0])
        files = ServerFiles(self._directory / f"{names[0]}.crt", self._directory / f"{names[0]}.key")
        files.key.touch(mode=0o600)
        issued.private_key_pem.write_to_path(str(files.key))
        for index, block in enumerate(issued.cert_chain_pems):
            block.write_to_path(str(files.certificate), append=index > 0)
        return files
