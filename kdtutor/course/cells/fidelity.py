import kdtutor as kd
from kdtutor.train import predict

digits, minute = kd.data.load("digits"), kd.preset("minute", data="digits")
z_t, z_s = (predict(net, digits.val, digits) for net in (minute.teacher(), kd.nets.teacher("digits-lenet5")))
same = z_t.argmax(1) == z_s.argmax(1)
overlap = (z_t.softmax(1).minimum(z_s.softmax(1))).sum(1).mean()
right = (z_s.argmax(1) == digits.val.labels).float().mean()
print(f"right {right:.1%}, as the teacher says {same.float().mean():.1%}, shared probability {overlap:.1%}")
