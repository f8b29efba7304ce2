import FailoverCore
import Foundation
import License

/// An issuer, a machine and a moment that these tests share.
enum Given {
    static let issuer = try! LicenseIssuer()
    static let main = MachineName("main-1")!
    static let backup = MachineName("backup-1")!
    /// 2026-01-01, midnight UTC.
    static let now = Timestamp(millisecondsSince1970: 1_767_225_600_000)

    static func license(
        _ type: LicenseType = .serverWithFailover, to holder: MachineName = main, days: Int = 30,
        at now: Timestamp = now, by issuer: LicenseIssuer = issuer
    ) async throws -> SignedLicense {
        try await issuer.issue(type, to: holder, days: days, at: now)
    }

    /// A token with these claims in place of its own, and the signature of the old ones.
    static func altering(_ token: String, part: Int = 1, _ change: (inout [String: Any]) -> Void) throws -> String {
        var parts = token.split(separator: ".").map(String.init)
        let padded = parts[part].replacing("-", with: "+").replacing("_", with: "/")
        let data = Data(base64Encoded: padded + String(repeating: "=", count: (4 - padded.count % 4) % 4))!
        var object = try JSONSerialization.jsonObject(with: data) as! [String: Any]
        change(&object)
        parts[part] = try JSONSerialization.data(withJSONObject: object).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
        return parts.joined(separator: ".")
    }

    /// A folder of its own, removed afterwards.
    static func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
        let folder =
            FileManager.default.temporaryDirectory.path(percentEncoded: false)
            + "understudy-license-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        return try await body(folder)
    }
}

extension Timestamp {
    func adding(days: Double) -> Self {
        Self(millisecondsSince1970: millisecondsSince1970 + Int64(days * 86_400_000))
    }
}
