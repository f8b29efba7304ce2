/// What a machine is on its site.
public enum Role: String, Codable, Sendable, CaseIterable {
    /// Owns the show; home of all clients.
    case main
    /// Stands by for Main.
    case backup
    /// Works over whichever hub is active.
    case client
}
