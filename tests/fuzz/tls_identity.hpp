#pragma once

/// A CA, a certificate for tls.test, *.wild.test and 192.0.2.1 that it has signed, and its key. Known to all the world,
/// valid until 2120, and the same in each run: what was recorded of a handshake fits again.
namespace socketcore::fuzz {

inline constexpr const char* kCa = R"(-----BEGIN CERTIFICATE-----
MIIBRTCB7aADAgECAgEBMAoGCCqGSM49BAMCMBIxEDAOBgNVBAMMB2Z1enogQ0Ew
IBcNMjAwMTAxMDAwMDAwWhgPMjEyMDAxMDEwMDAwMDBaMBIxEDAOBgNVBAMMB2Z1
enogQ0EwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARlhv/6dBwqklZfQHsxYyBO
qyV6rcXQHO2C7P+K0lwjkYz8oQUfla+9nkFi0i5XWBp13famNjX5MciNQRvsem3n
ozIwMDAPBgNVHRMBAf8EBTADAQH/MB0GA1UdDgQWBBSl/ZxfoPIUPWE+lyhExe3c
HHgGBjAKBggqhkjOPQQDAgNHADBEAiAXJgb8AEuT4J9Xj3FwNY7bmhvE2An5yWQb
uNP0SIByogIgFJcR+r96JpgBMEncvpZ7FIvuIM61CxDffzf3L6NG0Ow=
-----END CERTIFICATE-----
)";

inline constexpr const char* kCert = R"(-----BEGIN CERTIFICATE-----
MIIBojCCAUegAwIBAgIBAjAKBggqhkjOPQQDAjASMRAwDgYDVQQDDAdmdXp6IENB
MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAwWjATMREwDwYDVQQDDAh0
bHMudGVzdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABLdzaFGIYq2eb1hUlfbi
lHyBBzB+rBgk3xDvtdFjQe9T3WaluLlGr03vylFrp4MNJ0TwkFlmrAAUhM0Es8p5
/eKjgYowgYcwJgYDVR0RBB8wHYIIdGxzLnRlc3SCCyoud2lsZC50ZXN0hwTAAAIB
MB0GA1UdJQQWMBQGCCsGAQUFBwMBBggrBgEFBQcDAjAdBgNVHQ4EFgQUQ1oevK5B
b8Il34p7mgySmmN1nRIwHwYDVR0jBBgwFoAUpf2cX6DyFD1hPpcoRMXt3Bx4BgYw
CgYIKoZIzj0EAwIDSQAwRgIhAIMOvNxy9osAVs9qijwxedgVTEorFabHhnSZAl0K
B5oIAiEAm0WrhjebO+qKARArNQd9r+S/JpoiORxD4/qz1Qw6Im4=
-----END CERTIFICATE-----
)";

inline constexpr const char* kKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgly2yj+NN8mWrU2BP
nTWJvOr2XGUWoUdYskZXZ4Hw0UWhRANCAAS3c2hRiGKtnm9YVJX24pR8gQcwfqwY
JN8Q77XRY0HvU91mpbi5Rq9N78pRa6eDDSdE8JBZZqwAFITNBLPKef3i
-----END PRIVATE KEY-----
)";

}  // namespace socketcore::fuzz
