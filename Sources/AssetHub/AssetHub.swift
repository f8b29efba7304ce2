import AssetStore
import Synchronization

/// The files of a site, on its Main server: what is kept, and when it may change.
public struct AssetHub: Sendable {
    public let store: AssetStore
    public let gate: FileGate
    public let uploads: ResumableUploads
    private let seats = Seats(count: 192)

    public init(store: AssetStore, gate: FileGate) {
        self.store = store
        self.gate = gate
        // Each may hold a file as large as the disk, of which nobody else sees anything.
        uploads = ResumableUploads(store: store, limit: 256, patience: .seconds(600))
    }

    /// One for each content that is being received, for as long as it lives: whoever only looks must find a connection too.
    ///
    /// - Throws: `NoSeat`.
    public func takeSeat() throws(NoSeat) -> Seat { try seats.take() }

    /// As many contents are received as may be at once.
    public struct NoSeat: Error {}

    public final class Seat: Sendable {
        private let seats: Seats

        fileprivate init(_ seats: Seats) { self.seats = seats }

        deinit { seats.giveBack() }
    }

    fileprivate final class Seats: Sendable {
        private let free: Mutex<Int>

        init(count: Int) { free = Mutex(count) }

        func take() throws(NoSeat) -> Seat {
            let isFree = free.withLock { free in
                guard free > 0 else { return false }
                free -= 1
                return true
            }
            guard isFree else { throw NoSeat() }
            return Seat(self)
        }

        func giveBack() { free.withLock { $0 += 1 } }
    }
}
