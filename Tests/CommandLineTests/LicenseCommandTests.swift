import FailoverCore
import Foundation
import HubProtocol
import License
import LocalSite
import Testing

@Suite("License commands", .timeLimit(.minutes(1)))
struct LicenseCommandTests {
    private func object(_ text: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// With the key pair `issuer`, and the licence of main-1 in `main.license`.
    private func withIssuer(_ body: (String) async throws -> Void) async throws {
        try await Understudy.withFolder { folder in
            let made = try await Understudy.run(["license", "create", "--out", folder + "/issuer"])
            #expect(made.code == 0, "\(made)")
            let issued = try await Understudy.run([
                "license", "issue", "--issuer", folder + "/issuer", "--type", "server-with-failover", "--holder",
                "main-1", "--days", "30", "--out", folder + "/main.license",
            ])
            #expect(issued.code == 0, "\(issued)")
            try await body(folder)
        }
    }

    /// A licence whose issuer's clock was off by so many days.
    private func license(_ folder: String, to holder: String = "main-1", issuedInDays days: Int64, lasting: Int)
        async throws -> String
    {
        let path = "\(folder)/\(holder)-\(days).license"
        let moment = Timestamp(millisecondsSince1970: Timestamp.now.millisecondsSince1970 + days * 86_400_000)
        try await LicenseIssuer(path: folder + "/issuer").issue(
            .serverWithFailover, to: MachineName(holder)!, days: lasting, at: moment
        ).write(to: path)
        return path
    }

    @Test("A licence is issued and inspected, with and without the issuer's key")
    func issueAndInspect() async throws {
        try await withIssuer { folder in
            let mode = try FileManager.default.attributesOfItem(atPath: folder + "/issuer")[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let inspect = ["license", "inspect", folder + "/main.license"]
            var outcome = try await Understudy.run(inspect)
            #expect(outcome.code == 0 && outcome.error.isEmpty)
            #expect(outcome.output.contains("Server with failover") && outcome.output.contains("not checked"))
            outcome = try await Understudy.run(inspect + ["--json"])
            var said = try object(outcome.output)
            #expect(outcome.code == 0 && said["signature"] as? String == "unchecked")
            #expect(said["type"] as? String == "server-with-failover" && said["holder"] as? String == "main-1")
            #expect(said["standing"] as? String == "valid" && said["daysLeft"] as? Int == 29)
            outcome = try await Understudy.run(inspect + ["--json", "--issuer", folder + "/issuer.pub"])
            said = try object(outcome.output)
            #expect(outcome.code == 0 && said["signature"] as? String == "valid")
        }
    }

    @Test("Another issuer's signature: exit code 1, and the sentence names both")
    func otherIssuer() async throws {
        try await withIssuer { folder in
            _ = try await Understudy.run(["license", "create", "--out", folder + "/other"])
            let outcome = try await Understudy.run([
                "license", "inspect", folder + "/main.license", "--issuer", folder + "/other.pub", "--json",
            ])
            #expect(outcome.code == 1 && outcome.error.contains("was signed by the issuer"))
            #expect(try object(outcome.output)["signature"] as? String == "wrong")
        }
    }

    @Test("A clock that is off by a day: it is shown, with the advice to look at the clock")
    func clock() async throws {
        try await withIssuer { folder in
            for (days, standing) in [(Int64(1), "notYetValid"), (-31, "ended")] {
                let path = try await license(folder, issuedInDays: days, lasting: 30)
                var outcome = try await Understudy.run(["license", "inspect", path])
                #expect(outcome.code == 0 && outcome.output.contains("clock of this machine"), "\(outcome)")
                outcome = try await Understudy.run(["license", "inspect", path, "--json"])
                #expect(try object(outcome.output)["standing"] as? String == standing)
            }
        }
    }

    @Test("Nothing is overwritten, and a folder that cannot be written is named: exit code 1")
    func create() async throws {
        try await withIssuer { folder in
            let key = try String(contentsOfFile: folder + "/issuer", encoding: .utf8)
            for (path, mention) in [
                ("/issuer", "is there already"), ("/main.license/issuer", "Not a directory"),
                ("/none/x", "No such file"),
            ] {
                let outcome = try await Understudy.run(["license", "create", "--out", folder + path])
                #expect(outcome.code == 1 && outcome.error.contains(folder + path), "\(outcome)")
                #expect(outcome.error.contains(mention) && outcome.output.isEmpty)
            }
            let outcome = try await Understudy.run([
                "license", "issue", "--issuer", folder + "/issuer", "--type", "client", "--holder", "x", "--out",
                folder + "/issuer",
            ])
            #expect(outcome.code == 1 && outcome.error.contains("is there already"))
            #expect(try String(contentsOfFile: folder + "/issuer", encoding: .utf8) == key)
            let read = try await Understudy.run(["license", "create", "--out", "/proc/understudy"])
            #expect(read.code == 1 && read.error.contains("/proc/understudy cannot be written"))
        }
    }

    @Test("Wrong usage, and files that are something else: exit code 2")
    func wrongUsage() async throws {
        try await withIssuer { folder in
            let issue = ["license", "issue", "--holder", "main-1", "--out", folder + "/new"]
            let proper = issue + ["--issuer", folder + "/issuer"]
            try Data("garbage".utf8).write(to: URL(filePath: folder + "/garbage"))
            for (arguments, mention) in [
                (proper, "--type"), (proper + ["--type", "boss"], "boss"),
                (proper + ["--type", "server", "--holder", "a b"], "a b"),
                (proper + ["--type", "server", "--days", "0"], "--days"),
                (proper + ["--type", "server", "--days", "36501"], "36500"),
                (issue + ["--type", "server", "--issuer", folder + "/none"], "/none cannot be read"),
                (issue + ["--type", "server", "--issuer", folder + "/issuer.pub"], "signed with the private one"),
                (issue + ["--type", "server", "--issuer", folder + "/garbage"], "private key"),
                (["license", "inspect", folder + "/none"], "/none cannot be read"),
                (["license", "inspect", folder], "Is a directory"),
                (["license", "inspect", folder + "/garbage"], "is no licence"),
                (["license", "inspect", folder + "/main.license", "--issuer", folder + "/garbage"], "public key"),
                (["license", "inspect", folder + "/main.license", "--issuer", folder + "/issuer"], "/issuer.pub"),
            ] {
                let outcome = try await Understudy.run(arguments)
                #expect(outcome.code == 2 && outcome.error.contains(mention), "\(arguments): \(outcome)")
                #expect(outcome.output.isEmpty && !FileManager.default.fileExists(atPath: folder + "/new"))
            }
        }
    }

    @Test("A machine does not start with a file that is no licence of its own: exit code 2")
    func refusedAtStart() async throws {
        try await withIssuer { folder in
            _ = try await Understudy.run(["license", "create", "--out", folder + "/other"])
            try Data("garbage".utf8).write(to: URL(filePath: folder + "/garbage"))
            let server = { (name: String, license: String, issuer: String) in
                [
                    "server", "--role", "main", "--name", name, "--data", folder + "/data", "--license",
                    folder + license,
                    "--license-issuer", folder + issuer,
                ]
            }
            let client = ["client", "--main", "127.0.0.1:1", "--data", folder + "/data", "--name"]
            for (arguments, mention) in [
                (server("main-1", "/none", "/issuer.pub"), "/none cannot be read"),
                (server("main-1", "/garbage", "/issuer.pub"), "/garbage is no licence"),
                (server("main-1", "/main.license", "/none"), "/none cannot be read"),
                (server("main-1", "/main.license", "/issuer"), "private key"),
                (server("main-1", "/main.license", "/other.pub"), "was signed by the issuer"),
                (server("main-2", "/main.license", "/issuer.pub"), "was issued to main-1, and this machine is main-2"),
                (Array(server("main-1", "/main.license", "/issuer.pub").dropLast(2)), "--license-issuer"),
                (client + ["cam-1", "--license", folder + "/main.license"], "was issued to main-1"),
                (client + ["cam-1", "--license", folder + "/garbage"], "is no licence"),
            ] {
                let outcome = try await Understudy.run(arguments)
                #expect(outcome.code == 2 && outcome.error.contains(mention), "\(arguments): \(outcome)")
            }
            #expect(!FileManager.default.fileExists(atPath: folder + "/data"))
        }
    }
}
