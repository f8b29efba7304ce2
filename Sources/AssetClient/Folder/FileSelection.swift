import AssetProtocol

/// Which files of a working folder are meant.
public struct FileSelection: Hashable, Sendable {
    /// Files and folders; `nil`: all.
    public let paths: [StoragePath]?

    public static let all = FileSelection(paths: nil)

    public init(paths: [StoragePath]?) { self.paths = paths }

    public func contains(_ path: StoragePath) -> Bool {
        guard let paths else { return true }
        return paths.contains { path == $0 || path.lies(below: $0) }
    }

    /// Whether this is a folder on the way to what is meant.
    func leadsThrough(_ folder: StoragePath) -> Bool { paths?.contains { $0.lies(below: folder) } ?? false }

    /// - Parameter prefix: a folder with a slash at its end, or nothing.
    func mayHold(_ prefix: String) -> Bool {
        guard let folder = try? StoragePath(String(prefix.dropLast())) else { return paths == nil }
        return contains(folder)
    }

    /// What a listing must begin with to hold all of it: one for each path, or one for all.
    var prefixes: [String] {
        guard let paths, paths.count <= Self.mostListings else { return [""] }
        return paths.map(\.description)
    }

    /// More listings take longer than one of everything.
    private static let mostListings = 8
}

extension StoragePath {
    func lies(below folder: StoragePath) -> Bool {
        let (own, other) = (description.utf8, folder.description.utf8)
        return own.count > other.count && own.starts(with: other)
            && own[own.index(own.startIndex, offsetBy: other.count)] == UInt8(ascii: "/")
    }

    /// Whether it is, or lies in, what this program keeps for itself.
    var isReserved: Bool { description.split(separator: "/").contains { $0 == WorkingFolder.stateName } }
}
