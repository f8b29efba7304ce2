import FailoverCore
import Testing

@testable import Discovery

@Suite("A line of avahi-browse")
struct BrowseEventTests {
    private let instance = BrowseEvent.Instance(
        interface: "eth0", family: "IPv4", label: #"main-1\032\040Main\044\032paired\041"#, domain: "local")

    @Test("What comes, what it is, and what goes, as Avahi 0.8 prints it")
    func events() {
        let named = #";eth0;IPv4;main-1\032\040Main\044\032paired\041;_understudy._tcp;local"#
        #expect(BrowseEvent(line: "+" + named) == .appeared(instance))
        #expect(BrowseEvent(line: "-" + named) == .vanished(instance))
        #expect(
            BrowseEvent(line: "=" + named + #";vm-2.local;10.9.0.1;1883;"x=a b" "role=main" "name=main-1""#)
                == .resolved(
                    instance,
                    .init(
                        host: "vm-2.local", address: "10.9.0.1", port: 1883,
                        texts: ["x=a b", "role=main", "name=main-1"])
                ))
        #expect(
            BrowseEvent(line: "=" + named + #";vm-2.local;10.9.0.1;1883;"#)
                == .resolved(instance, .init(host: "vm-2.local", address: "10.9.0.1", port: 1883, texts: [])))
    }

    @Test(
        "Anything else is nothing",
        arguments: [
            "", ";", "=", ";;;;;;;;;;;;", "Server version: avahi 0.8; Host name: vm.local", "E Ifce Prot Name",
            "Failed to resolve service 'a;b;IPv4' of type '_understudy._tcp' in domain 'local': Timeout reached",
            "+;eth0;IPv5;a;_understudy._tcp;local", "+;eth0;IPv4;a;_understudy._tcp",
            "*;eth0;IPv4;a;_understudy._tcp;local",
            "=;eth0;IPv4;a;_understudy._tcp;local", "=;eth0;IPv4;a;_understudy._tcp;local;vm.local;10.0.0.1;70000;",
            "=;eth0;IPv4;a;_understudy._tcp;local;vm.local;10.0.0.1;-1;",
            "=;eth0;IPv4;a;_understudy._tcp;local;vm.local;\u{1B}[2J;1;",
            "+;eth0;IPv4;a;_understudy._tcp;local;more",
        ])
    func nothing(_ line: String) { #expect(BrowseEvent(line: line) == nil) }

    @Test("A line without an end is not looked at")
    func long() {
        let line = "+;eth0;IPv4;\(String(repeating: "a", count: BrowseEvent.longestLine));_understudy._tcp;local"
        #expect(BrowseEvent(line: line) == nil)
    }

    @Test(
        "Texts that are not ours",
        arguments: ["", "\"", "\"\"", "name=main-1", #""a"b" "c"#, #"" "" ""#, "\u{FFFD}\u{0}"])
    func texts(_ texts: String) {
        let line = "=;eth0;IPv4;a;_understudy._tcp;local;vm.local;10.0.0.1;1883;" + texts
        guard case .resolved(_, let resolution) = BrowseEvent(line: line) else { return }
        #expect(ServerAnnouncement(texts: resolution.texts, port: 1883) == nil)
    }
}
