import AssetHub
import AssetProtocol
import AssetStore
import HTTPTypes

extension Problem {
    /// What a store's error is to a client.
    init(_ error: AssetStoreError) {
        let status: HTTPResponse.Status =
            switch error {
            case .noSuchFile, .noSuchVersion: .notFound
            case .conflict: .preconditionFailed
            case .inTheWay: .conflict
            case .wrongDigest, .wrongChecksum, .wrongSize: .badRequest
            case .full: .init(code: 507, reasonPhrase: "Insufficient Storage")
            case .unwritable, .unreadable, .indexDamaged, .inUse, .journalDamaged, .journalMissing, .newer,
                .contentMissing, .stopped:
                .internalServerError
            }
        self.init(status, error.description.capitalizedFirst)
        if case .conflict(let conflict) = error {
            expected = conflict.expected.map(FileEntry.init)
            found = conflict.found.map(FileEntry.init)
        }
    }

    init(_ lock: FileGate.Locked) {
        self.init(.init(code: 423, reasonPhrase: "Locked"), lock.reason)
        epoch = lock.epoch
    }

    /// Runs `body`, and turns what the Asset Hub throws into an answer.
    static func ofFiles<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as AssetStoreError {
            throw Problem(error)
        } catch let lock as FileGate.Locked {
            throw Problem(lock)
        } catch is AssetHub.NoSeat {
            throw Problem(.serviceUnavailable, "Too many files are being pushed at this moment. Try again in a moment.")
        } catch is ResumableUploads.Gone {
            throw Problem(
                .notFound,
                "There is no such upload any more: it has ended, nothing came for too long, or it goes on over another connection. Ask with HEAD, or begin it anew."
            )
        }
    }
}
