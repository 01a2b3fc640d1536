-- 接收数据
-- socket_id为socketcore.sock_conn返回的套接字描述符
local recv_len = 64
local data = socketcore.sock_recv(socket_id, recv_len)

