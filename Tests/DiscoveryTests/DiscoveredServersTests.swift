import FailoverCore
import Foundation
import Testing

@testable import Discovery

@Suite("The list of servers")
struct DiscoveredServersTests {
    private var main = ServerAnnouncement(
        name: MachineName("main-1")!, role: .main, site: MachineName("main-1")!, isPaired: false, address: nil,
        port: 1883
    )

    private func instance(_ label: String, on interface: String = "eth0", _ family: String = "IPv4")
        -> BrowseEvent.Instance
    {
        .init(interface: interface, family: family, label: label, domain: "local")
    }

    private func resolved(
        _ announcement: ServerAnnouncement, as label: String? = nil, at address: String = "10.0.0.1",
        host: String = "a.local", on interface: String = "eth0", _ family: String = "IPv4"
    ) -> BrowseEvent {
        .resolved(
            instance(label ?? announcement.label, on: interface, family),
            .init(host: host, address: address, port: announcement.port, texts: announcement.texts))
    }

    @Test("Several interfaces and both protocols are one server, at the address that serves best")
    func interfaces() throws {
        var servers = DiscoveredServers()
        let sightings = [
            ("::1", "lo", "IPv6", "::1"), ("127.0.0.1", "lo", "IPv4", "127.0.0.1"),
            ("fe80::1", "eth1", "IPv6", "fe80::1%eth1"), ("2001:db8::1", "eth1", "IPv6", "2001:db8::1"),
            ("10.1.0.1", "eth1", "IPv4", "10.1.0.1"), ("10.0.0.1", "eth0", "IPv4", "10.0.0.1"),
        ]
        for (address, interface, family, best) in sightings {
            servers.note(resolved(main, at: address, on: interface, family))
            #expect(servers.list.map(\.address) == [best])
        }
        var named = main
        named.address = "show.example"
        servers.note(resolved(named, as: main.label, at: "10.0.0.1"))
        #expect(servers.list.map(\.address) == ["show.example"])
        for (_, interface, family, _) in sightings {
            servers.note(.vanished(instance(main.label, on: interface, family)))
        }
        #expect(servers.list.isEmpty)
    }

    @Test("What is announced anew counts at once, while the former one is still there and when it has gone")
    func change() throws {
        var servers = DiscoveredServers()
        servers.note(.appeared(instance(main.label)))
        #expect(servers.list.isEmpty)
        servers.note(resolved(main))
        #expect(servers.list.map(\.isPaired) == [false])
        var paired = main
        paired.isPaired = true
        servers.note(resolved(paired))
        #expect(servers.list.map(\.isPaired) == [true])
        servers.note(.vanished(instance(main.label)))
        #expect(servers.list.map(\.isPaired) == [true])
        servers.note(.vanished(instance(paired.label)))
        #expect(servers.list.isEmpty)
    }

    @Test("Two sites whose servers have the same names, in their order")
    func sites() throws {
        var servers = DiscoveredServers()
        let other = MachineName("studio-b")!
        let backup = ServerAnnouncement(
            name: MachineName("a")!, role: .backup, site: main.site, isPaired: true, address: nil, port: 1883)
        let lonely = ServerAnnouncement(
            name: main.name, role: .backup, site: nil, isPaired: false, address: nil, port: 1883)
        var second = main
        second.site = other
        servers.note(resolved(lonely, as: "3", at: "10.0.0.4", host: "d.local"))
        servers.note(resolved(second, as: "2", at: "10.0.0.3", host: "c.local"))
        servers.note(resolved(backup, as: "1", at: "10.0.0.2", host: "b.local"))
        servers.note(resolved(main, as: "0", at: "10.0.0.1", host: "a.local"))
        #expect(servers.list.map(\.address) == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"])
        #expect(servers.list.map(\.site) == [main.site, main.site, other, nil])
    }

    @Test("Foreign ones are ignored, also one that takes the place of a server, and a flood ends somewhere")
    func foreign() throws {
        var servers = DiscoveredServers()
        servers.note(resolved(main))
        let boss = BrowseEvent.Resolution(
            host: "a.local", address: "10.0.0.9", port: 1883, texts: ["name=a b", "role=main", "paired=true"])
        servers.note(.resolved(instance("boss"), boss))
        #expect(servers.list.map(\.name) == [main.name])
        servers.note(.resolved(instance(main.label), boss))
        #expect(servers.list.isEmpty)
        for number in 0..<DiscoveredServers.maximumInstances + 100 {
            var one = main
            one.name = MachineName("m-\(number)")!
            servers.note(resolved(one, as: "\(number)"))
        }
        #expect(servers.list.count == DiscoveredServers.maximumInstances)
    }

    @Test("As JSON, with a site in any case")
    func json() throws {
        var servers = DiscoveredServers()
        var backup = main
        (backup.role, backup.site) = (.backup, nil)
        servers.note(resolved(backup))
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(
            String(decoding: try encoder.encode(servers.list), as: UTF8.self)
                == #"[{"address":"10.0.0.1","name":"main-1","paired":false,"port":1883,"role":"backup","site":null}]"#)
    }
}
