"""
Makes Nessus v2 documents for the tests: `python make_nessus.py > nessus_made.nessus`.

The shape follows the published format; hosts, plug-ins and texts are ours.
"""

from __future__ import annotations

import sys
from xml.sax.saxutils import escape, quoteattr

TIMES = ("Tue Sep 01 08:00:00 2026", "Tue Sep 01 09:30:00 2026")


def item(plugin: str, severity: str, fields: str = "", *, port: str = "443", name: str = "Faille inventée") -> str:
    """Return one ReportItem; `fields` is the XML inside it."""
    return (
        f'<ReportItem port="{port}" svc_name="https" protocol="tcp" severity="{severity}" '
        f'pluginID="{plugin}" pluginName={quoteattr(name)} pluginFamily="Web">{fields}</ReportItem>\n'
    )


def score(tag: str, value: str, vector: str = "") -> str:
    """Return a score element and, when given, its vector."""
    vector_tag = tag.replace("_base_score", "_vector").replace("_temporal_score", "_temporal_vector")
    return f"<{tag}>{value}</{tag}>" + (f"<{vector_tag}>{vector}</{vector_tag}>" if vector else "")


def host(name: str, items: str, *, start: str | None = TIMES[0], end: str | None = TIMES[1], extra: str = "") -> str:
    """Return one ReportHost with its start and end times."""
    tags = "".join(
        f'<tag name="{tag}">{value}</tag>' for tag, value in (("HOST_START", start), ("HOST_END", end)) if value
    )
    return f"<ReportHost name={quoteattr(name)}><HostProperties>{tags}{extra}</HostProperties>\n{items}</ReportHost>\n"


def document(hosts: str, *, targets: str = "extranet.exemple.fr", prologue: str = '<?xml version="1.0" ?>\n') -> str:
    """Return a whole document."""
    return (
        f"{prologue}<NessusClientData_v2>\n<Policy><policyName>Externe</policyName><Preferences><ServerPreferences>"
        f"<preference><name>TARGET</name><value>{escape(targets)}</value></preference>"
        f"<preference><name>report_task_id</name><value>8f1b</value></preference>"
        f"</ServerPreferences></Preferences></Policy>\n"
        f'<Report name="Audit externe &#233;t&#233;">\n{hosts}</Report>\n</NessusClientData_v2>\n'
    )


SAMPLE = document(
    host(
        "extranet.exemple.fr",
        item(
            "90001",
            "4",
            score("cvss_base_score", "10.0", "CVSS2#AV:N/AC:L/Au:N/C:C/I:C/A:C")
            + score("cvss3_base_score", "9.8", "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H")
            + score("cvss3_temporal_score", "8.8", "CVSS:3.1/E:F/RL:O/RC:C")
            + "<cve>CVE-2026-0001</cve><cve>CVE-2026-0002</cve>",
        )
        + item("90002", "3", score("cvss3_base_score", "9.0", "CVSS:3.0/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H"))
        + item("90003", "4", "<cve>CVE-2026-0001</cve>", port="8443")
        + item("19506", "0", "<plugin_output>Nessus version : 10.8.3\nPort range : default</plugin_output>", port="0"),
        extra='<tag name="host-ip">203.0.113.10</tag>',
    )
    + host("vpn.exemple.fr", item("90004", "2", score("cvss4_base_score", "6.9", "CVSS:4.0/AV:N"))),
    targets="extranet.exemple.fr, vpn.exemple.fr",
)

if __name__ == "__main__":
    sys.stdout.buffer.write(SAMPLE.encode())
