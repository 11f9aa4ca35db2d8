"""Recording on a GPU: what fails leaves the process as it was."""

import pytest
import torch

from kdtutor.train.capture import cuda_graph


@pytest.mark.gpu
def test_on_a_gpu_what_waits_is_not_recorded():
    x = torch.ones(3, device="cuda")
    with pytest.raises(RuntimeError, match=r"waits for the GPU in .*test_capture\.py"):
        cuda_graph(lambda: {"loss": x * x.sum().item()}, x.device)
    assert torch.rand(3, device="cuda").std() > 0


@pytest.mark.gpu
def test_on_a_gpu_a_recording_that_fails_halfway_leaves_stream_and_random_numbers_as_they_were():
    calls, x = [], torch.ones(3, device="cuda")
    before = torch.cuda.current_stream()

    def fails_when_recorded():
        calls.append(None)
        if torch.cuda.is_current_stream_capturing():
            x.sum().item()
        return {"loss": torch.rand(3, device="cuda").sum()}

    with pytest.raises(RuntimeError):
        cuda_graph(fails_when_recorded, torch.device("cuda"))
    assert len(calls) == 2 and torch.cuda.current_stream() == before
    assert (
        torch.rand(3, device="cuda").std() > 0 and cuda_graph(lambda: {"x": x + 1}, x.device)()["x"].tolist() == [2] * 3
    )
