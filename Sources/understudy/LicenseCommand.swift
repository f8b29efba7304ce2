import ArgumentParser
import FailoverCore
import Foundation
import HubProtocol
import License

struct LicenseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "license", abstract: "Issue licences, and read them.",
        discussion: """
            Two servers are paired only if each holds a licence of the type server-with-failover, signed by one issuer. An \
            issuer is a key pair: the private key signs, and servers know the issuer by the public one.
            """,
        subcommands: [LicenseCreateSubcommand.self, LicenseIssueSubcommand.self, LicenseInspectSubcommand.self])
}

struct LicenseCreateSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Make the key pair of an issuer of licences.",
        discussion: "Writes the private key, which only you can read, and the public key beside it, with .pub added.")

    @Option(help: ArgumentHelp("The private key's file; it must not be there yet.", valueName: "issuer"))
    var out: String
    @OptionGroup var common: CommonOptions

    func run() async throws {
        try LicenseIssuer().write(to: out)
        print(
            """
            Wrote \(out), the private key, which signs licences: keep a copy, and keep it off the machines of the show.
            Wrote \(LicenseIssuer.publicPath(of: out)), the public key: name it to both servers with --license-issuer.
            """)
    }
}

struct LicenseIssueSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "issue", abstract: "Sign a licence for one machine.")

    @Option(help: ArgumentHelp("The issuer's private key, as license create wrote it.", valueName: "issuer"))
    var issuer: String
    @Option(help: "server-with-failover, server or client.")
    var type: LicenseType
    @Option(help: ArgumentHelp("The machine that it is for, by its name.", valueName: "name"))
    var holder: MachineName
    @Option(help: "How many days it lasts.")
    var days = 365
    @Option(help: ArgumentHelp("The licence's file; it must not be there yet.", valueName: "file"))
    var out: String
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard License.days.contains(days) else {
            throw ValidationError(
                "--days is a number from \(License.days.lowerBound) to \(License.days.upperBound), and \(days) is not.")
        }
    }

    func run() async throws {
        let signed = try await LicenseIssuer(path: issuer).issue(type, to: holder, days: days, at: .now)
        try signed.write(to: out)
        print("Wrote \(out): a \(type.title) licence for \(holder), until \(signed.license.expires.text).")
    }
}

struct LicenseInspectSubcommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "What a licence says, and with --issuer whether that is so.",
        discussion: """
            Exit code 1 if the signature is not the issuer's. A licence that has ended is shown as any other. With --json: \
            "type", "holder", "issued", "expires", "daysLeft", "issuer", "standing" (valid, ended or notYetValid) and \
            "signature" (valid, wrong or unchecked).
            """)

    @Argument(help: "The licence's file.")
    var file: String
    @Option(help: ArgumentHelp("The issuer's public key, to check the signature.", valueName: "file"))
    var issuer: String?
    @Flag(help: "One JSON object.")
    var json = false
    @OptionGroup var common: CommonOptions

    func run() async throws {
        let signed = try SignedLicense(path: file)
        var report = LicenseReport(signed.license, at: .now)
        var fault: LicenseError?
        if let issuer {
            let trusted = try TrustedIssuer(path: issuer)
            do throws(LicenseError) {
                try await trusted.verify(signed, source: file)
                report.signature = .valid
            } catch {
                report.signature = .wrong
                fault = error
            }
        }
        print(json ? report.json : report.picture(Terminal()))
        guard let fault else { return }
        FileHandle.standardError.write(Data("understudy: \(fault)\n".utf8))
        throw ExitCode(ExitStatus.failed.rawValue)
    }
}

/// A licence as `license inspect` shows it.
private struct LicenseReport: Encodable {
    enum Signature: String, Encodable {
        case valid, wrong, unchecked
    }

    var type: LicenseType
    var holder: MachineName
    var issued: UTCTime
    var expires: UTCTime
    var daysLeft: Int
    var issuer: String
    var standing: String
    var signature = Signature.unchecked
    private let license: License
    private let now: Timestamp

    private enum CodingKeys: CodingKey {
        case type, holder, issued, expires, daysLeft, issuer, standing, signature
    }

    init(_ license: License, at now: Timestamp) {
        type = license.type
        holder = license.holder
        issued = UTCTime(license.issued)
        expires = UTCTime(license.expires)
        daysLeft = license.daysLeft(at: now)
        issuer = license.issuer
        standing = license.standing(at: now).rawValue
        self.license = license
        self.now = now
    }

    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Strings and numbers; none of them can fail to encode.
        return String(decoding: (try? encoder.encode(self)) ?? Data("{}".utf8), as: UTF8.self)
    }

    func picture(_ terminal: Terminal) -> String {
        let time: Table.Cell =
            switch license.standing(at: now) {
            case .valid: .init("valid, \(daysLeft) days left", license.isEnding(at: now) ? .yellow : .green)
            case .ended: .init("ended. The clock of this machine says \(now.text)", .red)
            case .notYetValid:
                .init("not valid yet. The clock of this machine says \(now.text): check it", .red)
            }
        let mark: Table.Cell =
            switch signature {
            case .valid: .init("valid", .green)
            case .wrong: .init("not of that issuer, or changed since", .red)
            case .unchecked: .init("not checked: name the issuer's public key with --issuer FILE", .yellow)
            }
        let rows: [[Table.Cell]] = [
            [.init("Type", .dim), .init("\(type.title) (\(type.rawValue))")],
            [.init("Holder", .dim), .init(holder.description)],
            [.init("Issued", .dim), .init(license.issued.text)],
            [.init("Expires", .dim), .init(license.expires.text)],
            [.init("Standing", .dim), time], [.init("Issuer", .dim), .init(issuer)], [.init("Signature", .dim), mark],
        ]
        return Table(header: [], rows: rows).render(terminal)
    }
}

extension LicenseType: ExpressibleByArgument {}
