import CLinux
import Glibc
import SystemPackage

/// A file that is read past the page cache (`O_DIRECT` of open(2)).
final class DirectFile: Sendable {
    static let alignment = 4096

    private let file: FileDescriptor
    private let size: Int
    /// All of the file, to see what of it is in memory. It is never read that way.
    private let map: UInt

    /// Takes over the descriptor.
    ///
    /// - Parameter size: of the file, in bytes; not 0.
    /// - Returns: `nil` where this file system cannot do that; the descriptor is closed then.
    init?(_ file: FileDescriptor, size: Int) {
        let map = mmap(nil, size, PROT_READ, MAP_SHARED, file.rawValue, 0)
        guard map != MAP_FAILED, set_direct(file.rawValue, 1) == 0 else {
            if map != MAP_FAILED { munmap(map, size) }
            try? file.close()
            return nil
        }
        (self.file, self.size, self.map) = (file, size, UInt(bitPattern: map))
    }

    deinit {
        munmap(UnsafeMutableRawPointer(bitPattern: map), size)
        try? file.close()
    }

    /// - Returns: how many bytes; `nil` where it cannot be read that way, or is in memory already.
    func read(at offset: Int, into memory: UnsafeMutableRawBufferPointer) throws -> Int? {
        guard [offset, memory.count, Int(bitPattern: memory.baseAddress)].allSatisfy({ $0 % Self.alignment == 0 }),
            offset < size, !isInMemory(offset..<min(offset + memory.count, size))
        else { return nil }
        do { return try file.read(fromAbsoluteOffset: Int64(offset), into: memory) } catch Errno.invalidArgument {
            return nil
        }
    }

    private func isInMemory(_ range: Range<Int>) -> Bool {
        let pages = (range.count + Self.alignment - 1) / Self.alignment
        let start = UnsafeMutableRawPointer(bitPattern: map + UInt(range.lowerBound))
        return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: pages) { isThere in
            // Pages may be larger than that.
            isThere.initialize(repeating: 1)
            return mincore(start, range.count, isThere.baseAddress) == 0 && isThere.allSatisfy { $0 & 1 == 1 }
        }
    }
}
