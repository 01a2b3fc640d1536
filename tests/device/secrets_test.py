#!/usr/bin/env python3
"""Keys and passwords that a script passes appear in no log, trace, reason or error, at the most verbose level either."""

import pathlib
import re
import socket
import ssl
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lua"))
from program import ProgramTest, options  # noqa: E402

OPTIONS, ARGV = options()
PASSWORD = "correct horse battery staple"
WRONG = "incorrect horse battery staple"
CIPHER_KEY = "sixteen secrets!"


class Secrets(ProgramTest):
    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def setUp(self):
        super().setUp()
        (self.folder / "project").mkdir()
        for name in ("server", "client"):
            self.openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt",
                         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        self.openssl("pkcs8", "-topk8", "-in", "client.key", "-out", "locked.key", "-passout", f"pass:{PASSWORD}")
        for name in ("server.crt", "client.crt", "client.key", "locked.key", "server.key"):
            (self.folder / "project" / name).write_bytes((self.folder / name).read_bytes())
        self.port = self.serve()

    def serve(self):
        """A server that insists on the client's certificate and sends back what it reads."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(self.folder / "client.crt")
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def echo():
            while True:
                try:
                    with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                        connection.sendall(connection.recv(4096))
                except OSError:
                    if listener.fileno() < 0:
                        return

        threading.Thread(target=echo, daemon=True).start()
        return listener.getsockname()[1]

    def run_loud(self, text):
        self.write("project/main.lua", f"""
            local port, password, wrong, cipher_key = {self.port}, [[{PASSWORD}]], [[{WRONG}]], [[{CIPHER_KEY}]]
            local function text(name) return io.open('/lua/' .. name):read '*a' end
            {text}""")
        process = self.start([OPTIONS.runner, "run", "--log", "trace", "--trace", "trace.txt", "project"])
        _, out, err = self.complete(process, 0)
        said = out + err + (self.folder / "trace.txt").read_text()
        for name in ("client.key", "locked.key", "server.key"):
            for line in (self.folder / name).read_text().splitlines():
                if len(line) > 30 and not line.startswith("-----"):
                    self.assertNotIn(line[:30], said)
        for secret in (PASSWORD, WRONG, CIPHER_KEY, "what nobody else is to read"):
            for shape in (secret, secret.encode().hex(), secret.encode().hex().upper()):
                self.assertNotIn(shape, said)
        self.assertNotIn("PRIVATE KEY", said)
        return out, err

    def test_a_connection_with_a_clients_certificate(self):
        out, err = self.run_loud("""
            local cert = {caCert = text 'server.crt', clientCert = text 'client.crt', clientKey = text 'locked.key',
                          clientPassword = password, hostName = 'localhost'}
            local id = assert(socketcore.sock_conn(2, '127.0.0.1', port, cert, nil, 0))
            while true do
              local m = rtos.receive(5000)
              if m.id == rtos.MSG_SOCK_CONN_CNF then
                print(m.result, m.verify, m.reason)
                socketcore.sock_send(id, 'what nobody else is to read')
              elseif m.id == rtos.MSG_SOCK_RECV_IND then
                print(#socketcore.sock_recv(id, m.recv_len))
                socketcore.sock_close(id)
              elseif m.id == rtos.MSG_SOCK_CLOSE_CNF then
                break
              end
            end
        """)
        self.assertEqual(out.splitlines(), ["0 ok nil", "27"])
        self.assertRegex(err, "debug +socket 0", "it was loud indeed")

    def test_keys_that_cannot_be_used(self):
        out, err = self.run_loud("""
            local function try(key, pass)
              return socketcore.sock_conn(2, '127.0.0.1', port, {clientCert = text 'client.crt', clientKey = key,
                                                                 clientPassword = pass})
            end
            local locked, key = text 'locked.key', text 'client.key'
            print(try(locked, wrong)) print(try(locked)) print(try(locked:sub(1, 900), password))
            print(try(key:sub(1, 900))) print(try(text 'server.key')) print(try(password, password))
            print(try(text 'client.crt', password))
        """)
        self.assertEqual(out.splitlines(), ["nil 19"] * 7)
        self.assertEqual(len(re.findall("warning .*SSL socket to 127.0.0.1", err)), 7)

    def test_calls_that_fail(self):
        out, _ = self.run_loud("""
            local key = text 'locked.key'
            for _, call in ipairs {
              function() return crypto.aes_encrypt('CBC', 'PKCS7', 'x', cipher_key .. 'x', cipher_key) end,
              function() return crypto.aes_encrypt('CBC', 'PKCS7', 'x', cipher_key, cipher_key .. 'x') end,
              function() return crypto.des_encrypt('ECB', 'NONE', 'x', cipher_key) end,
              function() return crypto.rsa_encrypt('PRIVATE_KEY', key, 2048, 'PRIVATE_CRYPT', 'x', wrong) end,
              function() return crypto.rsa_encrypt('PRIVATE_KEY', key, 1024, 'PRIVATE_CRYPT', 'x', password) end,
              function() return crypto.rsa_sha256_sign('PUBLIC_KEY', key, 2048, 'PRIVATE_CRYPT', 'x', password) end,
              function() return crypto.hmac_sha256({}, cipher_key) end,
              function() return socketcore.sock_conn(2, '127.0.0.1', port, {clientKey = key, clientPassword = {}}) end,
            } do
              local worked, why = pcall(call)
              assert(not worked)
              print(why)
            end
        """)
        self.assertEqual(len(out.splitlines()), 8)


if __name__ == "__main__":
    unittest.main(argv=ARGV)
