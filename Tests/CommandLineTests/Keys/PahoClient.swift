import FailoverCore
import Foundation
import Subprocess
import SystemPackage

/// One run of a third party's MQTT client; see `paho_client.py`.
struct PahoClient: Encodable {
    var port: UInt16
    var key: String?
    var id = ""
    var version = 5
    var publish: [String] = []
    var read: [String] = []
    var fence: String
    var waits = false
    var dies = false
    var will: String?
    var willPayload = "will"
    var willUser: [[String]] = []
    var willResponse: String?
    var willDelay = 0
    var expiry = 0

    struct Answer: Decodable {
        /// CONNACK's reason code.
        var connected: Int?
        var received: [String]
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "paho_client.py")
        .path(percentEncoded: false)

    /// Throws when it could not even begin a connection, with what it said.
    func run() async throws -> Answer {
        let job = String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
        let result = try await Subprocess.run(
            .path("/usr/bin/python3"), arguments: [Self.script], input: .string(job), output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20))
        guard let line = result.standardOutput.split(separator: "\n").first else {
            throw Failed(description: result.standardError)
        }
        return try JSONDecoder().decode(Answer.self, from: Data(line.utf8))
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }
}
