import kdtutor as kd

digits, minute = kd.data.load("digits"), kd.preset("minute")
x, labels = digits.normalise(digits.val.images[:64]), digits.val.labels[:64, None]
p_t, p_s = minute.teacher()(x).softmax(1), minute.student()(x).softmax(1)
for gamma in (1.0, 1.5, 2.0):  # how much more a sure teacher counts at the label
    target = (1 + p_t.gather(1, labels)) ** gamma * -p_s.gather(1, labels).log()
    others = -(p_t * p_s.log()).scatter(1, labels, 0.0).sum(1, keepdim=True)
    print(f"gamma = {gamma:g}: {(target + others).mean().item():.3f}")
