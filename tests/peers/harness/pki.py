"""Certificates, made by the openssl command, each at its first use. Kept for all cases of a group."""
import datetime
import pathlib
import subprocess
import tempfile

CONFIG = """
[ca]
default_ca = it
[it]
dir = .
database = $dir/index.txt
new_certs_dir = $dir
rand_serial = yes
default_md = sha256
default_days = 30
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[req]
distinguished_name = dn
prompt = no
[dn]
CN = unused
"""


def of(bench):
    if "pki" not in bench.shared:
        folder = tempfile.TemporaryDirectory(prefix="peers-pki-")
        bench.shared["stack"].callback(folder.cleanup)
        bench.shared["pki"] = Pki(folder.name)
    return bench.shared["pki"]


KEYS = {
    "ec": ("EC", "ec_paramgen_curve:P-256"),
    "ec192": ("EC", "ec_paramgen_curve:P-192"),
    "rsa": ("RSA", "rsa_keygen_bits:2048"),
    "rsa1024": ("RSA", "rsa_keygen_bits:1024"),
}
AUTHORITY = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n"


class Certificate:
    def __init__(self, folder, name):
        self.cert = folder / f"{name}.pem"
        self.key = folder / f"{name}.key"

    @property
    def text(self):
        return self.cert.read_text()

    @property
    def key_text(self):
        return self.key.read_text()


class Pki:
    """
    `ca()` and `ca("name")` are self-signed authorities. `leaf(name, ...)` makes a certificate for names, signed by `by`.
    """

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o755)
        (self.folder / "ca.conf").write_text(CONFIG)
        (self.folder / "index.txt").touch()
        self.made = {}

    def openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], cwd=self.folder, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"openssl {words[0]}: {done.stderr}")
        return done.stdout

    def new_key(self, path, kind):
        algorithm, option = KEYS[kind]
        self.openssl("genpkey", "-algorithm", algorithm, "-pkeyopt", option, "-out", path)
        path.chmod(0o644)  # servers that give up root read it too

    def ca(self, name="ca", by=None):
        """An authority: self-signed, or an intermediate one, signed by another."""
        return self.issue(name, AUTHORITY, by)

    def leaf(self, name="localhost", names=(), kind="ec", by="ca", start=None, end=None, client=False):
        """
        A server's certificate (`client`: a client's) for `names` ("DNS:localhost", "IP:127.0.0.1"). `by` names an authority,
        None signs it by itself. `start`, `end`: days from now.
        """
        if name not in self.made:
            issuer = self.ca(by) if isinstance(by, str) else by
            lines = "basicConstraints=CA:FALSE\n"
            lines += f"extendedKeyUsage={'clientAuth' if client else 'serverAuth'}\n"
            if names:
                lines += f"subjectAltName={','.join(names)}\n"
            self.issue(name, lines, issuer, kind, start, end)
        return self.made[name]

    def issue(self, name, extensions, issuer, kind="ec", start=None, end=None, subject=None, digest="sha256", key=None,
              key_identifiers=True):
        """
        Any certificate: `extensions` are lines of OpenSSL's configuration, `issuer` None signs it by itself, `subject` is
        its common name if that is not `name`, `key` another certificate whose key it takes over.
        """
        if name in self.made:
            return self.made[name]
        made = self.made[name] = Certificate(self.folder, name)
        if key is None:
            self.new_key(made.key, kind)
        else:
            made.key = key.key
        identifiers = "subjectKeyIdentifier=hash\n" + ("authorityKeyIdentifier=keyid\n" if issuer else "")
        none = "subjectKeyIdentifier=none\nauthorityKeyIdentifier=none\n"  # openssl adds them unasked
        (self.folder / f"{name}.ext").write_text(extensions + (identifiers if key_identifiers else none))
        self.openssl("req", "-new", "-config", "ca.conf", "-key", made.key, "-subj", f"/CN={subject or name}",
                     "-out", f"{name}.csr")
        words = ["ca", "-batch", "-notext", "-config", "ca.conf", "-md", digest, "-in", f"{name}.csr", "-out", made.cert,
                 "-extfile", f"{name}.ext"]
        if issuer:
            words += ["-cert", issuer.cert, "-keyfile", issuer.key]
        else:
            words += ["-selfsign", "-keyfile", made.key]
        now = datetime.datetime.now(datetime.timezone.utc)
        date = lambda days: (now + datetime.timedelta(days=days)).strftime("%Y%m%d%H%M%SZ")  # noqa: E731
        words += ["-startdate", date(-1 if start is None else start), "-enddate", date(30 if end is None else end)]
        self.openssl(*words)
        return made

    def encrypted(self, certificate, password, traditional=False):
        """The certificate's key, encrypted: as PKCS#8, or in the traditional form with a Proc-Type line."""
        out = certificate.key.with_suffix(".enc-old" if traditional else ".enc")
        if not out.exists():
            words = ["rsa" if traditional else "pkey", "-in", certificate.key, "-aes128", "-passout", f"pass:{password}"]
            self.openssl(*words, *(["-traditional"] if traditional else []), "-out", out)
        return out.read_text()
