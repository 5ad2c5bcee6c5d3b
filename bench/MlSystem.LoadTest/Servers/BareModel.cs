using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace MlSystem.LoadTest.Servers;

/// <summary>ONNX Runtime called directly, with values that are reused: the least a prediction costs.</summary>
internal sealed class BareModel : IDisposable
{
    private readonly InferenceSession _session;
    private readonly RunOptions _options = new();
    private readonly ConcurrentBag<Slot> _slots = [];
    private readonly LoadedModel _model;

    public BareModel(LoadedModel model)
    {
        _model = model;
        using var options = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL };
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        _session = new InferenceSession(model.Onnx, options);
        using var slot = new Slot(this);
        slot.Run();
        Answer = Encoding.UTF8.GetBytes(slot.Describe());
    }

    /// <summary>The answer to the model's sample row in the protocol's form, identity included.</summary>
    public byte[] Answer { get; }

    /// <summary>Fills the inputs with the numbers of a request's <c>data</c> arrays and runs the model.</summary>
    public void Run(ref Utf8JsonReader reader)
    {
        var slot = Rent();
        slot.Fill(ref reader);
        slot.Run();
        _slots.Add(slot);
    }

    /// <summary>Runs the model on its sample row.</summary>
    public void Run()
    {
        var slot = Rent();
        slot.Run();
        _slots.Add(slot);
    }

    public void Dispose()
    {
        while (_slots.TryTake(out var slot))
        {
            slot.Dispose();
        }

        _options.Dispose();
        _session.Dispose();
    }

    private Slot Rent() => _slots.TryTake(out var slot) ? slot : new Slot(this);

    private sealed class Slot : IDisposable
    {
        private readonly BareModel _owner;
        private readonly OrtIoBinding _binding;
        private readonly List<(string Name, OrtValue Value, bool Whole)> _inputs = [];
        private readonly List<(string Name, OrtValue Value)> _outputs = [];

        public Slot(BareModel owner)
        {
            _owner = owner;
            _binding = owner._session.CreateIoBinding();
            foreach (var input in owner._model.Row)
            {
                var whole = input.IsWhole;
                var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, whole ? TensorElementType.Int64 : TensorElementType.Float, input.Shape);
                input.Raw().CopyTo(value.GetTensorMutableRawData());
                _binding.BindInput(input.Name, value);
                _inputs.Add((input.Name, value, whole));
            }

            foreach (var (name, output) in owner._session.OutputMetadata)
            {
                var shape = Array.ConvertAll(output.Dimensions, dimension => dimension < 0 ? 1L : dimension);
                var value = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, output.ElementDataType, shape);
                _binding.BindOutput(name, value);
                _outputs.Add((name, value));
            }
        }

        public void Run() => _owner._session.RunWithBinding(_owner._options, _binding);

        public void Fill(ref Utf8JsonReader reader)
        {
            var input = -1;
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("data"u8))
                {
                    reader.Read();
                    Fill(ref reader, _inputs[++input].Value, _inputs[input].Whole);
                }
            }
        }

        public string Describe()
        {
            var outputs = _outputs.Select(output =>
            {
                var info = output.Value.GetTensorTypeAndShape();
                var whole = info.ElementDataType == TensorElementType.Int64;
                var data = whole ? string.Join(',', output.Value.GetTensorDataAsSpan<long>().ToArray()) : string.Join(',', output.Value.GetTensorDataAsSpan<float>().ToArray());
                return $$"""{"name":"{{output.Name}}","datatype":"{{(whole ? "INT64" : "FP32")}}","shape":[{{string.Join(',', info.Shape)}}],"data":[{{data}}]}""";
            });
            return $$"""{"model_name":"{{_owner._model.Name}}","model_version":"1","parameters":{"request_id":"0199a5c2-f3de-7e0d-9a7b-1c2d3e4f5a6b","variant":"champion"},"outputs":[{{string.Join(',', outputs)}}]}""";
        }

        public void Dispose()
        {
            _binding.Dispose();
            _inputs.ForEach(input => input.Value.Dispose());
            _outputs.ForEach(output => output.Value.Dispose());
        }

        private static void Fill(ref Utf8JsonReader reader, OrtValue value, bool whole)
        {
            var data = value.GetTensorMutableRawData();
            var longs = MemoryMarshal.Cast<byte, long>(data);
            var floats = MemoryMarshal.Cast<byte, float>(data);
            for (var i = 0; reader.Read() && reader.TokenType == JsonTokenType.Number; i++)
            {
                if (whole)
                {
                    longs[i] = reader.GetInt64();
                }
                else
                {
                    floats[i] = reader.GetSingle();
                }
            }
        }
    }
}
