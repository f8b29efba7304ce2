/// A disk with one file that is replaced as a whole, one write after the other.
struct Disk<Content> {
    /// What a process that starts now would read.
    var content: Content?
    /// Asked for, the first of them being written.
    private(set) var unsynced: [Content] = []
    /// Counts the crashes: a write that was under way at one of them ends with it.
    private(set) var crashes = 0

    var isIdle: Bool { unsynced.isEmpty }

    mutating func write(_ content: Content) { unsynced.append(content) }

    /// The first write is on disk.
    mutating func sync() -> Content {
        let written = unsynced.removeFirst()
        content = written
        return written
    }

    /// - Parameter keepsFirst: the write that was under way reached the disk, and nobody was told.
    mutating func crash(keepsFirst: Bool) {
        if keepsFirst, let first = unsynced.first { content = first }
        unsynced = []
        crashes += 1
    }
}
