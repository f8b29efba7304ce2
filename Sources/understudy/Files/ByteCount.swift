import Foundation

/// Sizes and numbers for people.
enum ByteCount {
    static func text(_ bytes: Int) -> String { text(Double(bytes)) }

    /// In decimal units, as disks and networks are sold.
    static func text(_ bytes: Double) -> String {
        var rest = max(0, bytes)
        for unit in ["B", "kB", "MB", "GB"] {
            if rest < 999.5 || unit == "GB" && rest < 9_999.5 {
                return unit == "B" || rest >= 99.95
                    ? "\(Int(rest.rounded())) \(unit)" : String(format: "%.1f \(unit)", rest)
            }
            rest /= 1000
        }
        return String(format: "%.1f TB", rest)
    }
}

enum FilesCount {
    static func of(_ count: Int) -> String { count == 1 ? "1 file" : "\(count) files" }
}
