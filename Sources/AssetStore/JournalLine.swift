import AssetProtocol

/// One line of the journal, a JSON object.
enum JournalLine: Codable {
    /// The first. The identity is another one after every compaction, so that a place in the old journal is not taken for one in
    /// the new.
    case begins(format: Int, identity: String)
    /// How many versions of each file are kept from here on. It is written down since what an older setting dropped does not
    /// come back with a newer one.
    case keeps(newest: Int)
    /// Accepted together, with one sync. They are one line so that a power loss can only tear the last one.
    case accepts(versions: [FileVersion])
}

/// Which versions are kept, told from the journal's lines alone.
struct Retention {
    private(set) var keep = 0
    private var newest: [StoragePath: Int] = [:]
    /// The highest number that was dropped. It only rises.
    private var dropped: [StoragePath: Int] = [:]

    mutating func follow(_ line: JournalLine) {
        switch line {
        case .begins: break
        case .keeps(let count):
            keep = count
            for (path, number) in newest { drop(path, upTo: number - count) }
        case .accepts(let versions):
            for version in versions {
                newest[version.path] = version.number
                drop(version.path, upTo: version.number - keep)
            }
        }
    }

    func isKept(_ version: FileVersion) -> Bool { version.number > dropped[version.path, default: 0] }

    private mutating func drop(_ path: StoragePath, upTo number: Int) {
        guard number > dropped[path, default: 0] else { return }
        dropped[path] = number
    }
}
