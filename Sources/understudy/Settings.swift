import ArgumentParser
import Configuration
import Foundation
import SystemPackage

/// Completes a command line with what the environment and a configuration file say, so that every option of every
/// command can come from there, and the parser checks them all alike.
enum Settings {
    /// - Throws: `UsageError` when the configuration file cannot be read.
    static func complete(_ arguments: [String]) async throws -> [String] {
        guard let options = try options(of: arguments) else { return arguments }
        let environment = ConfigReader(provider: EnvironmentVariablesProvider())
        let path = value(after: "--config", in: arguments) ?? environment.string(forKey: "understudy.config")
        let file: ConfigReader?
        do {
            file = try await path.asyncMap {
                ConfigReader(provider: try await FileProvider<JSONSnapshot>(filePath: FilePath($0)))
            }
        } catch {
            throw UsageError(
                description: "the configuration file \(path ?? "") cannot be used: \(error). It must be a JSON object "
                    + "with the names of options as keys.")
        }
        if let path { try refuseUnknownKeys(in: path) }
        var completed = arguments
        for option in options where option.name != "config" && !arguments.contains(where: option.isGiven) {
            let environmentKey = ConfigKey(["understudy"] + option.name.split(separator: "-").map(String.init))
            let values =
                Self.values(of: environmentKey, for: option, in: environment)
                ?? file.flatMap { Self.values(of: ConfigKey([option.name]), for: option, in: $0) } ?? []
            for value in values {
                guard option.isFlag else {
                    completed.append("--\(option.name)=\(value)")
                    continue
                }
                switch value.lowercased() {
                case "true", "1", "yes", "on": completed.append("--\(option.name)")
                case "false", "0", "no", "off", "": break
                default:
                    throw UsageError(description: "\(option.name) is set to \(value). Set it to true or to false.")
                }
            }
        }
        return completed
    }

    /// A file may serve several commands, but a key that no command knows is a mistake.
    private static func refuseUnknownKeys(in path: String) throws {
        let object = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path))) as? [String: Any]
        var names: Set<String> = []
        var open = [try description().command]
        while let command = open.popLast() {
            open += command.subcommands ?? []
            for argument in command.arguments ?? [] { names.formUnion(argument.names?.map(\.name) ?? []) }
        }
        guard let unknown = object?.keys.sorted().first(where: { !names.contains($0) }) else { return }
        throw UsageError(
            description: "\(path) sets \"\(unknown)\", which is no option of any command. Check its spelling.")
    }

    private static func description() throws -> Description {
        try JSONDecoder().decode(Description.self, from: Data(Understudy._dumpHelp().utf8))
    }

    private static func value(after flag: String, in arguments: [String]) -> String? {
        if let index = arguments.firstIndex(of: flag), index + 1 < arguments.count { return arguments[index + 1] }
        return arguments.first { $0.hasPrefix(flag + "=") }.map { String($0.dropFirst(flag.count + 1)) }
    }

    private static func values(of key: ConfigKey, for option: Option, in reader: ConfigReader) -> [String]? {
        if option.isRepeating, let list = reader.stringArray(forKey: key) { return list }
        if let text = reader.string(forKey: key) { return [text] }
        if let number = reader.int(forKey: key) { return [String(number)] }
        if let number = reader.double(forKey: key) { return [String(number)] }
        return reader.bool(forKey: key).map { [String($0)] }
    }

    // MARK: - What a command understands

    private struct Option {
        var name: String
        var isFlag: Bool
        var isRepeating: Bool

        func isGiven(_ argument: String) -> Bool { argument == "--\(name)" || argument.hasPrefix("--\(name)=") }
    }

    /// The parser's own description of its commands, as far as it is needed here.
    private struct Description: Decodable {
        struct Command: Decodable {
            var commandName: String
            var subcommands: [Command]?
            var arguments: [Argument]?
        }
        struct Argument: Decodable {
            struct Name: Decodable { var kind: String, name: String }
            var kind: String
            var isRepeating: Bool
            var names: [Name]?
        }
        var command: Command
    }

    /// The options of the command that the arguments name; `nil` where they name none, or ask for help.
    private static func options(of arguments: [String]) throws -> [Option]? {
        guard !arguments.contains(where: ["-h", "--help", "help", "--version"].contains) else { return nil }
        let description = try description()
        var command = description.command
        for argument in arguments {
            guard let next = command.subcommands?.first(where: { $0.commandName == argument }) else { break }
            command = next
        }
        guard command.commandName != description.command.commandName else { return nil }
        return command.arguments?.compactMap { argument in
            guard argument.kind != "positional",
                let name = argument.names?.first(where: { $0.kind == "long" })?.name,
                !["help", "version"].contains(name)
            else { return nil }
            return Option(name: name, isFlag: argument.kind == "flag", isRepeating: argument.isRepeating)
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ transform: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
