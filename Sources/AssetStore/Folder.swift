import Foundation

enum Folder {
    static func names(in folder: String) throws(AssetStoreError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .unreadable(path: folder, cause: error.localizedDescription)
        }
    }
}
