import Crypto

/// One of the panel's styles, scripts and pictures, as a browser gets it.
public struct PanelFile: Sendable {
    public let contentType: String
    public let bytes: [UInt8]
    /// Changes with the content (RFC 9110, 8.8.3), in its quotes.
    public let entityTag: String

    private init(_ contentType: String, _ bytes: [UInt8]) {
        self.contentType = contentType
        self.bytes = bytes
        let digest = SHA256.hash(data: bytes).prefix(16).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        entityTag = "\"\(digest.joined())\""
    }

    /// By name.
    public static let all: [String: PanelFile] = {
        let script = "text/javascript; charset=utf-8"
        let style = "text/css; charset=utf-8"
        return [
            "panel.js": PanelFile(script, PackageResources.panel_js),
            "feed.js": PanelFile(script, PackageResources.feed_js),
            "dom.js": PanelFile(script, PackageResources.dom_js),
            "texts.js": PanelFile(script, PackageResources.texts_js),
            "viewer.js": PanelFile(script, PackageResources.viewer_js),
            "navigation.js": PanelFile(script, PackageResources.navigation_js),
            "status-bar.js": PanelFile(script, PackageResources.status_bar_js),
            "picture.js": PanelFile(script, PackageResources.picture_js),
            "files-lock.js": PanelFile(script, PackageResources.files_lock_js),
            "readiness.js": PanelFile(script, PackageResources.readiness_js),
            "lag.js": PanelFile(script, PackageResources.lag_js),
            "timeline.js": PanelFile(script, PackageResources.timeline_js),
            "machines.js": PanelFile(script, PackageResources.machines_js),
            "commands.js": PanelFile(script, PackageResources.commands_js),
            "rights.js": PanelFile(script, PackageResources.rights_js),
            "dialog.js": PanelFile(script, PackageResources.dialog_js),
            "add-backup.js": PanelFile(script, PackageResources.add_backup_js),
            "remove-backup.js": PanelFile(script, PackageResources.remove_backup_js),
            "show.js": PanelFile(script, PackageResources.show_js),
            "edits.js": PanelFile(script, PackageResources.edits_js),
            "show-file.js": PanelFile(script, PackageResources.show_file_js),
            "show-list.js": PanelFile(script, PackageResources.show_list_js),
            "save-show.js": PanelFile(script, PackageResources.save_show_js),
            "load-show.js": PanelFile(script, PackageResources.load_show_js),
            "by-hand.js": PanelFile(script, PackageResources.by_hand_js),
            "delete-file.js": PanelFile(script, PackageResources.delete_file_js),
            "dropped.js": PanelFile(script, PackageResources.dropped_js),
            "file-listing.js": PanelFile(script, PackageResources.file_listing_js),
            "file-rights.js": PanelFile(script, PackageResources.file_rights_js),
            "file-texts.js": PanelFile(script, PackageResources.file_texts_js),
            "file-versions.js": PanelFile(script, PackageResources.file_versions_js),
            "files.js": PanelFile(script, PackageResources.files_js),
            "push-files.js": PanelFile(script, PackageResources.push_files_js),
            "upload-rows.js": PanelFile(script, PackageResources.upload_rows_js),
            "uploads.js": PanelFile(script, PackageResources.uploads_js),
            "switch-hub.js": PanelFile(script, PackageResources.switch_hub_js),
            "panel.css": PanelFile(style, PackageResources.panel_css),
            "status.css": PanelFile(style, PackageResources.status_css),
            "machines.css": PanelFile(style, PackageResources.machines_css),
            "show.css": PanelFile(style, PackageResources.show_css),
            "show-file.css": PanelFile(style, PackageResources.show_file_css),
            "files.css": PanelFile(style, PackageResources.files_css),
            "dialog.css": PanelFile(style, PackageResources.dialog_css),
            "icon.svg": PanelFile("image/svg+xml", PackageResources.icon_svg),
        ]
    }()
}
