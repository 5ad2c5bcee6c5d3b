using Microsoft.ML.OnnxRuntime;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>The inputs, outputs and join keys of one request, bound to the session; pooled by the model.</summary>
public sealed class TensorSet : IDisposable
{
    private readonly OnnxRuntimeModel _model;
    private bool _adopts;

    internal TensorSet(OnnxRuntimeModel model)
    {
        _model = model;
        Inputs = [.. model.Inputs.Select(info => new Tensor(info))];
        Outputs = [.. model.Outputs.Select(info => new Tensor(info))];
        JoinKeys = [.. model.JoinKeys.Select(info => new Tensor(info))];
        Binding = model.CreateBinding();
    }

    public Tensor[] Inputs { get; }

    public Tensor[] Outputs { get; }

    public Tensor[] JoinKeys { get; }

    internal OrtIoBinding Binding { get; }

    /// <summary>Tells the session of tensors whose memory or shape changed since this set was last run.</summary>
    internal void Bind()
    {
        var rebound = false;
        foreach (var input in Inputs)
        {
            if (input.NeedsBinding)
            {
                Binding.BindInput(input.Info.Name, input.Value);
                input.NeedsBinding = false;
                rebound = true;
            }
        }

        // Outputs follow the inputs' shapes, so unchanged inputs mean unchanged outputs.
        if (rebound || _adopts)
        {
            BindOutputs();
        }
    }

    /// <summary>Fetches the outputs whose shape only the run could tell.</summary>
    internal void TakeOutputs()
    {
        if (!_adopts)
        {
            return;
        }

        // In the order of binding, which is the order of Outputs. Each of ours is a second handle on the same value and is freed.
        var values = Binding.GetOutputValues();
        for (var i = 0; i < Outputs.Length; i++)
        {
            if (_model.OutputShapes[i].IsKnown)
            {
                values.ElementAt(i).Dispose();
            }
            else
            {
                Outputs[i].Adopt(values.ElementAt(i));
            }
        }
    }

    /// <summary>Forgets the request; the memory stays. Returns the bytes kept.</summary>
    internal long Reset()
    {
        long bytes = 0;
        foreach (var tensor in Inputs)
        {
            tensor.IsPresent = false;
            bytes += tensor.KeptBytes;
        }

        foreach (var tensor in JoinKeys)
        {
            tensor.IsPresent = false;
            bytes += tensor.KeptBytes;
        }

        foreach (var tensor in Outputs)
        {
            bytes += tensor.KeptBytes;
        }

        return bytes;
    }

    public void Dispose()
    {
        Binding.Dispose();
        Array.ForEach(Inputs, tensor => tensor.Dispose());
        Array.ForEach(Outputs, tensor => tensor.Dispose());
        Array.ForEach(JoinKeys, tensor => tensor.Dispose());
    }

    private void BindOutputs()
    {
        Span<long> shape = stackalloc long[TensorShape.MaxRank];
        _adopts = false;
        Binding.ClearBoundOutputs();
        for (var i = 0; i < Outputs.Length; i++)
        {
            var rule = _model.OutputShapes[i];
            if (rule.IsKnown)
            {
                var count = rule.Fill(Inputs, shape);
                Outputs[i].Resize(shape[..rule.Rank], count);
                Binding.BindOutput(Outputs[i].Info.Name, Outputs[i].Value);
            }
            else
            {
                Binding.BindOutputToDevice(Outputs[i].Info.Name, OrtMemoryInfo.DefaultInstance);
                _adopts = true;
            }
        }
    }
}
