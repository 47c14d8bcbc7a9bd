"""EPCIS 2.0: what happened to which objects, where, when and why, as other systems read it.

Pure: documents, hashes, events of our own and queries; what is kept lies in
:mod:`store.records.events`, HTTP in :mod:`api.epcis`.
"""
