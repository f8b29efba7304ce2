import ShowHistory
import Testing
