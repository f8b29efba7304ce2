import FailoverCore
import HubProtocol

extension ShowFile {
    /// Of which this is a state; of a backup, the one that was saved or loaded last before it was made.
    public var show: ShowName? { isAutomatic ? backupOf : name }
}

/// Automatic backups are called after the moment at which they were made: `2026-11-23T12-00-00-000Z`.
extension ShowName {
    public static func backup(at moment: UTCTime) -> ShowName {
        ShowName(moment.description.replacing(":", with: "-").replacing(".", with: "-"))!
    }

    /// No person may save a show under such a name.
    public var isOfBackup: Bool {
        let shape = "0000-00-00T00-00-00-000Z"
        return description.utf8.count == shape.utf8.count
            && zip(description.utf8, shape.utf8).allSatisfy { byte, wanted in
                wanted == UInt8(ascii: "0")
                    ? (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) : byte == wanted
            }
    }
}
