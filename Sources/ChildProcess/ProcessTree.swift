import Foundation

/// A process with its children, found by asking the system who has which parent.
public struct ProcessTree: Sendable {
    public let root: Int32

    public init(root: Int32) { self.root = root }

    /// The root and everything below it that lives at this moment.
    public var members: [Int32] {
        var children: [Int32: [Int32]] = [:]
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let process = Int32(entry), let parent = Self.stat(of: "/proc/\(process)/stat")?.parent else {
                continue
            }
            children[parent, default: []].append(process)
        }
        var found: [Int32] = []
        var open = [root]
        while let next = open.popLast() {
            found.append(next)
            open += children[next] ?? []
        }
        return found
    }

    /// Direct children whose program has this name.
    public func children(named name: String) -> [Int32] {
        members.filter { $0 != root && Self.stat(of: "/proc/\($0)/stat")?.name == name }
    }

    public func signal(_ signal: Int32) {
        for member in members { kill(member, signal) }
    }

    /// SIGSTOP takes effect thread by thread; this is true when the last one stands.
    public var isStopped: Bool {
        members.allSatisfy { process in
            let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
            return threads.allSatisfy { Self.stat(of: "/proc/\(process)/task/\($0)/stat")?.state == "T" }
        }
    }

    /// Whether the process still runs; one that ended but was not collected does not.
    public static func isRunning(_ process: Int32) -> Bool {
        guard let stat = stat(of: "/proc/\(process)/stat") else { return false }
        return stat.state != "Z"
    }

    /// proc(5): the name stands in parentheses and may hold anything; state and parent follow.
    private static func stat(of path: String) -> (name: String, state: String, parent: Int32)? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
        else { return nil }
        let rest = text[text.index(after: close)...].split(separator: " ")
        guard rest.count > 1, let parent = Int32(rest[1]) else { return nil }
        return (String(text[text.index(after: open)..<close]), String(rest[0]), parent)
    }
}
