import FailoverCore

/// `hub/shows`: the show files on Main's disk, newest first.
public struct HubShows: Payload {
    public struct Show: Codable, Hashable, Sendable {
        public var name: ShowName
        public var savedAt: UTCTime
        /// The user, or Main itself; absent where the file does not say.
        public var savedBy: MachineName?
        /// How many topics it sets.
        public var items: Int
        /// Of the file.
        public var bytes: Int
        /// Made without being asked for; the oldest of them are removed in time.
        public var isAutomatic: Bool
        /// Why it cannot be loaded, as a sentence; absent where it can.
        public var problem: String?

        public init(
            name: ShowName, savedAt: UTCTime, savedBy: MachineName?, items: Int, bytes: Int, isAutomatic: Bool,
            problem: String? = nil
        ) {
            (self.name, self.savedAt, self.savedBy) = (name, savedAt, savedBy)
            (self.items, self.bytes, self.isAutomatic, self.problem) = (items, bytes, isAutomatic, problem)
        }
    }

    /// What was saved or loaded last, and so is saved next where no name is given.
    @NullWhenNil public var current: ShowName?
    public var shows: [Show]

    public init(current: ShowName?, shows: [Show]) {
        self.current = current
        self.shows = shows
    }
}
