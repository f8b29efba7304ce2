import HTTPTypes
import Hummingbird
import NIOCore

extension Request {
    /// The body of a request that changes something.
    ///
    /// - Parameter bound: in bytes.
    /// - Throws: `Problem` where it is not said to be JSON, or too large.
    func json(upTo bound: Int) async throws -> [UInt8] {
        // A page elsewhere could send any other type without asking first.
        let type = headers[.contentType]?.prefix { $0 != ";" }.trimmingSpaces.lowercased()
        guard type == "application/json" else {
            throw Problem(
                .unsupportedMediaType,
                "What changes something is a JSON object. Send it with Content-Type: application/json.")
        }
        do {
            return Array(try await body.collect(upTo: bound).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw Problem(.contentTooLarge, "This takes at most \(bound / 1024) KiB, and got more.")
        }
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring { drop { $0 == " " }.prefix { $0 != " " } }
}
