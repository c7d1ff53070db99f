#!/usr/bin/python3
"""Submits a pipeline to Bonsai and watches it, with nothing but Debian's python3-grpcio, python3-protobuf and protoc.

Usage: submit_and_watch.py ADDRESS PIPELINE.textproto [PROTO_DIR]

ADDRESS is the coordinator's ("bonsai up" prints it, and writes it to .bonsai/address); PROTO_DIR holds
bonsai/v1/*.proto (default: the folder proto/ above this file). The messages are generated into a
temporary folder; a call needs no more than its path. Exit status: 0 if every job is done, 1 if not.
"""
import pathlib, subprocess, sys, tempfile, uuid
import grpc
from google.protobuf import text_format

address, pipeline_file = sys.argv[1:3]
above = [folder / "proto" for folder in pathlib.Path(__file__).resolve().parents]
protos = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else next(p for p in above if (p / "bonsai/v1").is_dir())
with tempfile.TemporaryDirectory() as generated:
    subprocess.run(["protoc", "--proto_path=%s" % protos, "--python_out=%s" % generated,
                    *map(str, protos.glob("bonsai/v1/*.proto"))], check=True)
    sys.path.insert(0, generated)
    from bonsai.v1 import coordinator_pb2 as api, job_pb2

channel = grpc.insecure_channel(address)
submit = channel.unary_unary("/bonsai.v1.Coordinator/SubmitPipeline",
                             request_serializer=api.SubmitPipelineRequest.SerializeToString,
                             response_deserializer=api.SubmitPipelineResponse.FromString)
watch = channel.unary_stream("/bonsai.v1.Coordinator/WatchPipeline",
                             request_serializer=api.WatchPipelineRequest.SerializeToString,
                             response_deserializer=api.WatchPipelineResponse.FromString)

pipeline = text_format.Parse(pathlib.Path(pipeline_file).read_text(), job_pb2.Pipeline())
submitted = submit(api.SubmitPipelineRequest(request_id=uuid.uuid4().hex, pipeline=pipeline), timeout=30)
print("submitted", submitted.pipeline_id, flush=True)
states = {}
for update in watch(api.WatchPipelineRequest(pipeline_id=submitted.pipeline_id)):
    for status in update.jobs:
        state = job_pb2.JobState.Name(status.job.state)
        if states.get(status.job.id) != state:
            print(status.job.id, state, status.job.reason, flush=True)
        states[status.job.id] = state
sys.exit(0 if set(states.values()) == {"DONE"} else 1)
