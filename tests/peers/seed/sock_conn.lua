--[[
    cert.hostName       SSL套接字，服务器域名
    cert.caCert         SSL套接字，服务器证书
    cert.clientCert     SSL套接字，客户端证书
    cert.clientKey      SSL套接字，客户端密钥
]]
-- TCP连接
socket_id = socketcore.sock_conn(0, "www.baidu.com", 80)
-- UDP连接
socket_id2 = socketcore.sock_conn(1, "36.7.87.100", 6770)
-- SSL连接
local cert = {hostName = address}
if self.cert then
    if self.cert.caCert then
        if self.cert.caCert:sub(1, 1) ~= "/" then self.cert.caCert = "/lua/" .. self.cert.caCert end
        cert.caCert = io.readFile(self.cert.caCert)
    end
    if self.cert.clientCert then
        if self.cert.clientCert:sub(1, 1) ~= "/" then self.cert.clientCert = "/lua/" .. self.cert.clientCert end
        cert.clientCert = io.readFile(self.cert.clientCert)
    end
    if self.cert.clientKey then
        if self.cert.clientKey:sub(1, 1) ~= "/" then self.cert.clientKey = "/lua/" .. self.cert.clientKey end
        cert.clientKey = io.readFile(self.cert.clientKey)
    end
end
self.id = socketcore.sock_conn(2, address, port, cert)
end

