import Dispatch
import FailoverCore
import LocalState

/// A client's votes, on its disk. Their identity is made with the file, so that a client that lost its votes is another
/// witness.
struct BallotStore: Sendable {
    private struct Content: Codable, Sendable {
        var box: String
        var ballot: Ballot?
    }

    let box: String
    /// What was found at start.
    let ballot: Ballot?
    private let file: DurableFile<Content>
    /// Writing waits for the disk, and the session loop must not.
    private let queue = DispatchQueue(label: "ballots")

    init(in folder: DataFolder) throws(LocalStateError) {
        file = DurableFile(path: folder.file("ballot.json"))
        let content: Content
        do {
            // A vote that was perhaps given must not be forgotten.
            content = try file.read(refusingTorn: true) ?? Content(box: Identifier.random())
        } catch .damaged {
            content = Content(box: Identifier.random())
        }
        box = content.box
        ballot = content.ballot
        try file.write(content)
    }

    /// Calls `done` on the store's own queue when the ballot is on disk. Writes keep their order.
    func write(_ ballot: Ballot, done: @escaping @Sendable (LocalStateError?) -> Void) {
        queue.async {
            do {
                try file.write(Content(box: box, ballot: ballot))
                done(nil)
            } catch {
                done(error as? LocalStateError ?? .unwritable(path: file.path, cause: "\(error)"))
            }
        }
    }
}
