import FailoverCore
import Foundation
import HubProtocol
import Keys
import LocalSite
import Testing

@Suite("Keys commands", .timeLimit(.minutes(2)))
struct KeysCommandTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    private func mode(_ path: String) throws -> Int? {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func openssl(_ arguments: [String]) async throws -> Understudy.Outcome {
        try await Understudy.run("/usr/bin/openssl", arguments)
    }

    private func shell(_ script: String, _ arguments: [String]) async throws -> Understudy.Outcome {
        try await Understudy.run("/bin/sh", ["-c", script] + arguments)
    }

    /// With the site `arena`, the server `main-1` in `main.key` and the client `cam_1` in `cam.key`.
    private func withSite(_ body: (String) async throws -> Void) async throws {
        try await Understudy.withFolder { folder in
            for arguments in [
                ["create", "--out", folder + "/arena"],
                [
                    "add", "main-1", "--site", folder + "/arena", "--role", "server", "--permission", "3", "--address",
                    "10.0.0.7", "--address", "hall.example", "--out", folder + "/main.key",
                ],
                ["add", "cam_1", "--site", folder + "/arena", "--role", "client", "--out", folder + "/cam.key"],
            ] {
                let made = try await Understudy.run(["keys"] + arguments)
                #expect(made.code == 0 && made.error.isEmpty, "\(made)")
            }
            try await body(folder)
        }
    }

    @Test("A site and its keys: only their owner reads them, and OpenSSL reads what was asked for")
    func add() async throws {
        try await withSite { folder in
            for file in ["/arena", "/main.key", "/cam.key"] { #expect(try mode(folder + file) == 0o600) }
            let read = { (file: String) in
                let outcome = try await openssl([
                    "x509", "-in", folder + file, "-noout", "-subject", "-issuer", "-ext",
                    "basicConstraints,keyUsage,extendedKeyUsage,subjectAltName", "-nameopt", "RFC2253,-sname,-dn_rev",
                ])
                #expect(outcome.code == 0, "\(outcome)")
                return outcome.output
            }
            let server = try await read("/main.key")
            #expect(server.contains("subject=O=arena,OU=server,OU=permission-3,CN=main-1"), "\(server)")
            #expect(server.contains("issuer=O=arena,CN=arena authority"))
            #expect(server.contains("TLS Web Client Authentication, TLS Web Server Authentication"))
            for address in [
                "DNS:main-1", "DNS:localhost", "IP Address:127.0.0.1", "IP Address:10.0.0.7", "DNS:hall.example",
            ] {
                #expect(server.contains(address), "\(server)")
            }
            #expect(server.contains("CA:FALSE") && server.contains("Digital Signature"))
            let client = try await read("/cam.key")
            #expect(client.contains("subject=O=arena,OU=client,OU=permission-2,CN=cam_1"), "\(client)")
            #expect(client.contains("TLS Web Client Authentication") && !client.contains("Server Authentication"))
            #expect(client.contains("DNS:cam_1") && !client.contains("localhost"))
            let site = try await read("/arena")
            #expect(site.contains("CA:TRUE, pathlen:0") && site.contains("Certificate Sign, CRL Sign"), "\(site)")
        }
    }

    @Test("A server's key without permission 3: it is said what the Main server needs")
    func permission() async throws {
        try await withSite { folder in
            let add = ["keys", "add", "backup-1", "--site", folder + "/arena", "--role", "server", "--out", folder]
            var made = try await Understudy.run(add.dropLast() + [folder + "/backup.key"])
            #expect(made.code == 0 && made.output.contains("The Main server needs --permission 3"), "\(made)")
            made = try await Understudy.run(add.dropLast() + [folder + "/other.key", "--permission", "3"])
            #expect(made.code == 0 && !made.output.contains("The Main server needs"))
            #expect(try MachineKey(path: folder + "/backup.key").permission == 2)
        }
    }

    @Test("inspect: a key, a site's file, and what the clock says of both")
    func inspect() async throws {
        try await withSite { folder in
            let inspect = ["keys", "inspect", folder + "/main.key"]
            var outcome = try await Understudy.run(inspect)
            #expect(outcome.code == 0 && outcome.error.isEmpty)
            for mention in ["main-1", "server", "arena", "10.0.0.7, hall.example", "valid, 364 days left"] {
                #expect(outcome.output.contains(mention), "\(outcome)")
            }
            outcome = try await Understudy.run(inspect + ["--json"])
            var said = try object(outcome.output)
            #expect(said["kind"] as? String == "machine" && said["name"] as? String == "main-1")
            #expect(said["role"] as? String == "server" && said["permission"] as? Int == 3)
            #expect(said["site"] as? String == "arena" && said["standing"] as? String == "valid")
            #expect(said["addresses"] as? [String] == ["10.0.0.7", "hall.example"] && said["daysLeft"] as? Int == 364)
            for key in ["issued", "begins", "expires"] { #expect((said[key] as? String)?.hasSuffix("Z") == true) }
            let authority = try #require(said["authority"] as? String)
            // The same as OpenSSL computes it.
            outcome = try await shell(
                "openssl x509 -in \"$0\" -noout -pubkey | openssl pkey -pubin -outform der | sha256sum",
                [folder + "/arena"])
            #expect(outcome.output.hasPrefix(authority), "\(outcome)")

            outcome = try await Understudy.run(["keys", "inspect", folder + "/arena"])
            #expect(outcome.code == 0 && outcome.output.contains("keep it off the machines of the show"), "\(outcome)")
            outcome = try await Understudy.run(["keys", "inspect", folder + "/arena", "--json"])
            said = try object(outcome.output)
            #expect(said["kind"] as? String == "site" && said["name"] as? String == "arena")
            #expect(said["authority"] as? String == authority && said["role"] == nil)
        }
    }

    @Test("A clock that is off: it is shown, with the advice to look at the clock")
    func clock() async throws {
        try await withSite { folder in
            let site = try SiteAuthority(path: folder + "/arena")
            for (days, standing) in [(Int64(3), "notYetValid"), (-31, "ended")] {
                let path = "\(folder)/\(standing).key"
                let moment = Timestamp(millisecondsSince1970: Timestamp.now.millisecondsSince1970 + days * 86_400_000)
                try site.issue(
                    KeyRequest(name: MachineName("cam-2")!, role: .client, permission: 1, days: 30), at: moment
                ).write(to: path)
                var outcome = try await Understudy.run(["keys", "inspect", path])
                #expect(outcome.code == 0 && outcome.output.contains("clock of this machine"), "\(outcome)")
                outcome = try await Understudy.run(["keys", "inspect", path, "--json"])
                #expect(try object(outcome.output)["standing"] as? String == standing)
            }
        }
    }

    @Test("A key that others can read is warned of, on standard error")
    func readableByOthers() async throws {
        try await withSite { folder in
            for file in ["/main.key", "/arena"] {
                try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: folder + file)
                let outcome = try await Understudy.run(["keys", "inspect", folder + file, "--json"])
                #expect(outcome.code == 0 && outcome.error.contains("chmod 600 \(folder)\(file)"), "\(outcome)")
                _ = try object(outcome.output)
            }
        }
    }

    @Test("export: OpenSSL finds that the authority issued the certificate, and that the private key is its own")
    func export() async throws {
        try await withSite { folder in
            let target = folder + "/files"
            for (file, name, purpose) in [("/main.key", "main-1", "sslserver"), ("/cam.key", "cam_1", "sslclient")] {
                var outcome = try await Understudy.run(["keys", "export", folder + file, target])
                #expect(outcome.code == 0 && outcome.output.contains("\(target)/\(name).key"), "\(outcome)")
                #expect(try mode("\(target)/\(name).key") == 0o600 && mode(target) == 0o700)
                outcome = try await openssl([
                    "verify", "-x509_strict", "-purpose", purpose, "-CAfile", target + "/authority.crt",
                    "\(target)/\(name).crt",
                ])
                #expect(outcome.code == 0 && outcome.output.contains("OK"), "\(outcome)")
                outcome = try await shell(
                    "openssl x509 -in \"$0\" -noout -pubkey; openssl pkey -in \"$1\" -pubout",
                    ["\(target)/\(name).crt", "\(target)/\(name).key"])
                let keys = outcome.output.components(separatedBy: "-----BEGIN PUBLIC KEY-----").dropFirst()
                #expect(keys.count == 2 && Set(keys).count == 1, "\(outcome)")
            }
            // A client's key is none of a server.
            var outcome = try await openssl([
                "verify", "-purpose", "sslserver", "-CAfile", target + "/authority.crt", target + "/cam_1.crt",
            ])
            #expect(outcome.code != 0)
            outcome = try await Understudy.run(["keys", "export", folder + "/main.key", target])
            #expect(outcome.code == 1 && outcome.error.contains("\(target)/main-1.crt is there already"), "\(outcome)")
        }
    }

    @Test("export --browser: OpenSSL opens it with the password, and with no other")
    func exportBrowser() async throws {
        try await withSite { folder in
            let target = folder + "/files"
            let script = "printf '%s\\nmore\\n' \"$1\" | \"$0\" keys export --browser \"$2\" \"$3\""
            let export = [Understudy.program, "sécret phrase", folder + "/main.key", target]
            var outcome = try await shell(script, export)
            #expect(outcome.code == 0 && outcome.output.contains("\(target)/main-1.p12"), "\(outcome)")
            #expect(!(outcome.output + outcome.error).contains("phrase"))
            #expect(try FileManager.default.contentsOfDirectory(atPath: target) == ["main-1.p12"])
            #expect(try mode(target + "/main-1.p12") == 0o600)
            let open = ["pkcs12", "-in", target + "/main-1.p12", "-passin"]
            outcome = try await openssl(open + ["pass:sécret phrase", "-noout"])
            #expect(outcome.code == 0, "\(outcome)")
            #expect(try await openssl(open + ["pass:secret phrase", "-noout"]).code != 0)
            outcome = try await openssl(open + ["pass:sécret phrase", "-nodes"])
            #expect(outcome.output.components(separatedBy: "BEGIN CERTIFICATE").count == 3)
            #expect(outcome.output.contains("friendlyName: main-1") && outcome.output.contains("BEGIN PRIVATE KEY"))
            // The certificate and the private key are those of the key's file.
            let lines = Set(outcome.output.split(separator: "\n"))
            #expect(try text(folder + "/main.key").split(separator: "\n").allSatisfy(lines.contains))

            outcome = try await shell(script, export)
            #expect(outcome.code == 1 && outcome.error.contains("is there already"), "\(outcome)")
            for script in [
                "echo | \"$0\" keys export --browser \"$2\" \"$3\"",
                "\"$0\" keys export --browser \"$2\" \"$3\" < /dev/null",
            ] {
                outcome = try await shell(script, Array(export.dropLast()) + [folder + "/none"])
                #expect(outcome.code == 2 && outcome.error.contains("at least one character"), "\(outcome)")
                #expect(!FileManager.default.fileExists(atPath: folder + "/none"))
            }
        }
    }

    @Test("export --browser in a terminal: the password is asked for twice, and not shown", arguments: [true, false])
    func passwordInTerminal(isSame: Bool) async throws {
        try await withSite { folder in
            // script(1) makes a terminal. The pauses: what is typed before a prompt is thrown away.
            let script = """
                (sleep 1; echo open-sesame; sleep 1; echo "$3") | script -qec "$0 keys export --browser $1 $2" /dev/null
                """
            let outcome = try await shell(
                script,
                [
                    Understudy.program, folder + "/main.key", folder + "/files",
                    isSame ? "open-sesame" : "open-barley",
                ])
            #expect(
                outcome.output.contains("Password for the file: ") && outcome.output.contains("once more"), "\(outcome)"
            )
            #expect(!outcome.output.contains("open-sesame"), "\(outcome)")
            #expect(outcome.code == (isSame ? 0 : 2) && outcome.output.contains("two passwords differ") == !isSame)
            #expect(FileManager.default.fileExists(atPath: folder + "/files/main-1.p12") == isSame)
        }
    }

    @Test("renew: the same machine with another private key, in the same file")
    func renew() async throws {
        try await withSite { folder in
            let path = folder + "/main.key"
            let old = try MachineKey(path: path)
            let renew = ["keys", "renew", path, "--site"]
            var outcome = try await Understudy.run(renew + [folder + "/arena", "--days", "20"])
            #expect(outcome.code == 0 && outcome.output.contains("main-1"), "\(outcome)")
            let new = try MachineKey(path: path)
            #expect(new.name == old.name && new.role == old.role && new.permission == old.permission)
            #expect(new.addresses == old.addresses && new.issued > old.issued && new.daysLeft(at: .now) == 19)
            #expect(try mode(path) == 0o600)
            outcome = try await Understudy.run(["keys", "inspect", path])
            #expect(outcome.output.contains("valid, 19 days left"))

            // Another site of the same name.
            let other = try await Understudy.run(["keys", "create", "--out", folder + "/other", "--name", "arena"])
            #expect(other.code == 0)
            outcome = try await Understudy.run(renew + [folder + "/other"])
            #expect(outcome.code == 2 && outcome.error.contains("belongs to the site arena"), "\(outcome)")
            #expect(try text(path) == new.pem)
        }
    }

    /// A TLS server of OpenSSL that asks for a certificate, on loopback, and a program that talks to it.
    ///
    /// - Parameter client: a shell command that finds the server's port in `$port` and the folder in `$folder`.
    private func handshake(_ folder: String, server file: String, _ client: String) async throws -> Understudy.Outcome {
        let script = """
            folder=$0; key=$0/$1; port=$2
            timeout 60 openssl s_server -accept 127.0.0.1:$port -www -Verify 1 -verify_return_error \\
                -CAfile "$key" -cert "$key" -key "$key" > "$folder/server.log" 2>&1 &
            server=$!
            trap 'kill $server' EXIT
            until grep -q ACCEPT "$folder/server.log"; do sleep 0.05; done
            \(client)
            """
        return try await shell(script, [folder, file, "\(FreePorts.take(1)[0])"])
    }

    enum Client: CaseIterable {
        case openSSL, curl

        func command(_ file: String) -> String {
            switch self {
            case .openSSL:
                """
                openssl s_client -connect 127.0.0.1:$port -verify_return_error -verify_ip 127.0.0.1 -ign_eof \\
                    -CAfile $folder/\(file) -cert $folder/\(file) -key $folder/\(file) 2>&1 << END
                GET / HTTP/1.0

                END
                """
            case .curl:
                """
                curl -sS --cacert $folder/\(file) --cert $folder/\(file) --key $folder/\(file) \\
                    https://127.0.0.1:$port/ 2>&1
                """
            }
        }
    }

    @Test("TLS on both sides, with the one file for all three parameters", arguments: Client.allCases)
    func mutualTLS(client: Client) async throws {
        try await withSite { folder in
            // A server is also a client of the other one.
            for (file, name) in [("cam.key", "cam_1"), ("main.key", "main-1")] {
                let outcome = try await handshake(folder, server: "main.key", client.command(file))
                let log = try text(folder + "/server.log")
                // What the server's page says of its client.
                #expect(outcome.code == 0 && outcome.output.contains("CN=\(name)\n"), "\(outcome) \(log)")
            }
        }
    }

    @Test("A client's key poses as no server", arguments: Client.allCases)
    func stolen(client: Client) async throws {
        try await withSite { folder in
            let outcome = try await handshake(folder, server: "cam.key", client.command("main.key"))
            #expect(outcome.code != 0 && outcome.output.lowercased().contains("purpose"), "\(outcome)")
        }
    }

    @Test("A key of another site of the same name is refused", arguments: Client.allCases)
    func otherSite(client: Client) async throws {
        try await withSite { folder in
            let other = try SiteAuthority(name: MachineName("arena")!, at: .now)
            let key = try other.issue(
                KeyRequest(name: MachineName("cam_1")!, role: .client, permission: 3), at: .now)
            // With the right authority, so that only the server can refuse it.
            let text = key.pem.components(separatedBy: "-----BEGIN CERTIFICATE-----")
            let own = try self.text(folder + "/cam.key").components(separatedBy: "-----BEGIN CERTIFICATE-----")
            try Data((text.dropLast() + own.suffix(1)).joined(separator: "-----BEGIN CERTIFICATE-----").utf8)
                .write(to: URL(filePath: folder + "/other.key"))
            let outcome = try await handshake(folder, server: "main.key", client.command("other.key"))
            #expect(outcome.code != 0 && !outcome.output.contains("CN=cam_1\n"), "\(outcome)")
        }
    }

    @Test("Nothing is overwritten, and a folder that cannot be written is named: exit code 1")
    func exists() async throws {
        try await withSite { folder in
            let files = ["/arena", "/main.key", "/cam.key"]
            let before = try files.map { try text(folder + $0) }
            let add = ["keys", "add", "x", "--site", folder + "/arena", "--role", "client", "--out"]
            for (arguments, mention) in [
                (["keys", "create", "--out", folder + "/arena"], "/arena is there already"),
                (["keys", "create", "--name", "x", "--out", folder + "/main.key"], "/main.key is there already"),
                (add + [folder + "/main.key"], "/main.key is there already"),
                (add + [folder + "/none/x"], "/none/x cannot be written"),
                (["keys", "create", "--out", "/proc/understudy"], "/proc/understudy cannot be written"),
                (["keys", "export", folder + "/cam.key", folder + "/main.key"], "cannot be written"),
            ] {
                let outcome = try await Understudy.run(arguments)
                #expect(outcome.code == 1 && outcome.error.contains(mention), "\(arguments): \(outcome)")
                #expect(outcome.output.isEmpty)
            }
            #expect(try files.map { try text(folder + $0) } == before)
        }
    }

    @Test("Wrong usage, and files that are something else: exit code 2")
    func wrongUsage() async throws {
        try await withSite { folder in
            try Data("garbage".utf8).write(to: URL(filePath: folder + "/garbage"))
            let add = ["keys", "add", "x", "--out", folder + "/new"]
            let proper = add + ["--site", folder + "/arena", "--role", "server"]
            for (arguments, mention) in [
                (["keys", "create", "--out", folder + "/new.site"], "--name"),
                (["keys", "create", "--out", folder + "/new", "--name", "a b"], "a b"),
                (add + ["--site", folder + "/arena"], "--role"), (add + ["--role", "client"], "--site"),
                (add + ["--site", folder + "/arena", "--role", "boss"], "boss"),
                (["keys", "add", "a b"] + proper.dropFirst(3), "a b"),
                (proper + ["--permission", "4"], "permission is 1, 2 or 3"), (proper + ["--days", "0"], "3650"),
                (proper + ["--days", "3651"], "3650"), (proper + ["--address", "10.0.0.7:1883"], "without a port"),
                (
                    add + ["--site", folder + "/arena", "--role", "client", "--address", "10.0.0.7"],
                    "names no addresses"
                ),
                (add + ["--site", folder + "/main.key", "--role", "client"], "is the key of one machine"),
                (add + ["--site", folder + "/garbage", "--role", "client"], "/garbage is no key"),
                (add + ["--site", folder + "/none", "--role", "client"], "/none cannot be read"),
                (["keys", "inspect", folder + "/none"], "/none cannot be read"),
                (["keys", "inspect", folder + "/garbage"], "is no key"),
                (["keys", "inspect", folder], "Is a directory"),
                (["keys", "export", folder + "/arena", folder + "/new"], "keep the site's file off the machines"),
                (["keys", "export", folder + "/main.key"], "folder"),
                (["keys", "renew", folder + "/main.key"], "--site"),
                (["keys", "renew", folder + "/main.key", "--site", folder + "/cam.key"], "is the key of one machine"),
                (["keys", "renew", folder + "/arena", "--site", folder + "/arena"], "private authority"),
                (["keys", "renew", folder + "/main.key", "--site", folder + "/arena", "--days", "0"], "--days"),
            ] {
                let outcome = try await Understudy.run(arguments)
                #expect(outcome.code == 2 && outcome.error.contains(mention), "\(arguments): \(outcome)")
                #expect(outcome.output.isEmpty && !FileManager.default.fileExists(atPath: folder + "/new"))
            }
        }
    }
}
