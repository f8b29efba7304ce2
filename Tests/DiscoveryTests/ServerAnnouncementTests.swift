import FailoverCore
import Testing

@testable import Discovery

@Suite("What a server announces")
struct ServerAnnouncementTests {
    private static func name(_ text: String) -> MachineName { MachineName(text)! }

    static let backup = ServerAnnouncement(
        name: name("backup-1"), role: .backup, site: name("main-1"), isPaired: true, address: "10.0.0.2", port: 1883)

    @Test("It is read as it was written, in any order")
    func roundTrip() {
        var plain = Self.backup
        (plain.site, plain.address, plain.isPaired) = (nil, nil, false)
        for announcement in [Self.backup, plain] {
            #expect(ServerAnnouncement(texts: announcement.texts, port: 1883) == announcement)
            #expect(ServerAnnouncement(texts: announcement.texts.reversed() + ["later=1"], port: 1883) == announcement)
        }
    }

    @Test("The label is one of a domain, and differs with all that may change")
    func label() {
        let longest = Self.name(String(repeating: "x", count: MachineName.maximumLength))
        for role in [Role.main, .backup] {
            var labels: Set<String> = []
            for site in [nil, longest] {
                for isPaired in [true, false] {
                    let announcement = ServerAnnouncement(
                        name: longest, role: role, site: site, isPaired: isPaired, address: nil, port: 1)
                    #expect(announcement.label.utf8.count <= 63)
                    labels.insert(announcement.label)
                }
            }
            // A Main is its own site.
            #expect(labels.count == (role == .main ? 2 : 4))
        }
    }

    @Test(
        "Foreign ones are ignored",
        arguments: [
            [], ["name=main-1"], ["name=main-1", "role=main"], ["name=main 1", "role=main", "paired=true"],
            ["name=", "role=main", "paired=true"], ["name", "role=main", "paired=true"],
            ["name=\(String(repeating: "x", count: 65))", "role=main", "paired=true"],
            ["name=main-1\u{1B}[2J", "role=main", "paired=true"], ["name=ma\u{0}in", "role=main", "paired=true"],
            ["name=main-1", "role=client", "paired=true"], ["name=main-1", "role=boss", "paired=true"],
            ["name=main-1", "role=main", "paired=perhaps"], ["name=main-1", "role=main", "paired=true", "site=a b"],
            ["name=main-1", "role=main", "paired=true", "site="],
            ["name=main-1", "role=main", "paired=true", "address=a b"],
            ["name=main-1", "role=main", "paired=true", "address=\(String(repeating: "1", count: 254))"],
            ["name=a b", "name=main-1", "role=main", "paired=true"], ["NAME=main-1", "role=main", "paired=true"],
        ])
    func foreign(_ texts: [String]) { #expect(ServerAnnouncement(texts: texts, port: 1883) == nil) }

    @Test("Port 0 is nobody's")
    func port() { #expect(ServerAnnouncement(texts: Self.backup.texts, port: 0) == nil) }
}
