"""The passport of a lot as other systems read it: a W3C Verifiable Credential.

Nothing here is kept. A credential is made again from the signed passport and its place in the
log whenever somebody asks, in the shape of the UNTP Digital Product Passport; whether it still
holds is told by a status list, so that a recall reaches every copy. All but :mod:`.issuing` is
pure: documents and keys in, bytes or a verdict out.
"""
