import WebServer

extension ShowFolder {
    /// As HTTP sees it.
    var shelf: ShowShelf {
        ShowShelf {
            self.listing
        } content: {
            try? await self.bytes(of: $0)
        }
    }
}
