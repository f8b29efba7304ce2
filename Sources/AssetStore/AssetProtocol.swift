// Whoever reads what is stored needs the names of it too.
@_exported import AssetProtocol
