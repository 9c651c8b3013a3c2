"""The usual StatusCodes of a refused connection as sentences that say where to click; pure."""

from __future__ import annotations

from collections.abc import Mapping

SENTENCES: Mapping[str, str] = {
    "BadCertificateUntrusted": "the server does not trust this client's certificate {client}; in the server's "
    "certificate list, move it from rejected to trusted",
    "BadSecurityChecksFailed": "the server's security check failed, most often because it does not trust this client's "
    "certificate {client}; in the server's certificate list, move it from rejected to trusted",
    "BadCertificateUriInvalid": "the ApplicationUri in this client's certificate {client} is not the one it says; use "
    "the certificate that trivet made, or one whose subject alternative name is a URI",
    "BadCertificateHostNameInvalid": "the host name in the server's certificate {server} is not the one in the URL; "
    "use the name that the certificate has, or have the server make a certificate for this name",
    "BadCertificateTimeInvalid": "a certificate is not valid at this time (this client's {client}, the server's "
    "{server}); check the clocks of both machines, then the dates in the certificates",
    "BadCertificateIssuerTimeInvalid": "the certificate of an authority has run out; renew it on the server",
    "BadCertificateUseNotAllowed": "the server refuses the key usage of this client's certificate {client}; use the "
    "certificate that trivet made",
    "BadCertificateInvalid": "the server cannot read this client's certificate {client}; use the one that trivet made",
    "BadCertificateChainIncomplete": "the server does not know who signed this client's certificate {client}; put the "
    "authority's certificate into the server's list of issuers",
    "BadCertificateRevoked": "this client's certificate {client} is revoked on the server; make a new one",
    "BadUserAccessDenied": "the server knows the user or not, but does not let it in; check user name and password, "
    "and on the server that the user may log in and read",
    "BadIdentityTokenRejected": "the server refused user or password; check both, and that the user is enabled there",
    "BadIdentityTokenInvalid": "the server takes no such login; allow anonymous clients there, or write `user` and "
    "`password_env` into the endpoint's settings",
    "BadSecurityModeRejected": "the server refuses this way of securing; leave out `security` to take its strongest, "
    "or switch a secured endpoint on at the server",
    "BadSecurityPolicyRejected": "the server refuses this security policy; run `trivet connect {url} --approve` to "
    "take its strongest, or switch the policy on at the server",
    "BadTooManySessions": "the server takes no more sessions; close another client, or raise its limit of sessions",
    "BadTooManySubscriptions": "the server takes no more subscriptions; close another client, or write `mode: poll`",
    "BadTooManyOperations": "the server refuses even small requests; raise its operation limits",
    "BadNodeIdUnknown": "the server does not know a node that it named before; check the profile's paths",
    "BadTypeMismatch": "the server's value has another data type than it says; check the profile's `data`",
    "BadTimeout": "the server took too long; raise `timeout`, or look at the load of the controller",
    "BadTcpServerTooBusy": "the server takes no more connections; close another client",
    "BadTcpEndpointUrlInvalid": "the server has no endpoint at this path; leave the path out of the URL, or correct it",
    "BadServiceUnsupported": "the server has no such service; for one without subscriptions write `mode: poll`",
}
"""Name of the StatusCode to the sentence; ``{client}`` and ``{server}`` are certificates, ``{url}`` is the server's."""


def sentence(code: str, *, client: str = "", server: str = "", url: str = "URL") -> str | None:
    """What a StatusCode means and what to do, or None for one that is not usual here.

    Args:
        code: Name of the StatusCode.
        client: This client's certificate in words.
        server: The server's.
        url: The server's URL.
    """
    text = SENTENCES.get(code)
    if text is None:
        return None
    filled = text.format(client=client, server=server, url=url)
    return f"{code}: {' '.join(filled.split())}".replace(" ;", ";").replace(" ,", ",").replace(" )", ")")
