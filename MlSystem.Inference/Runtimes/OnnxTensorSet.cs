using Microsoft.ML.OnnxRuntime;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Runtimes;

/// <summary>A tensor set that is bound to an ONNX Runtime session.</summary>
internal sealed class OnnxTensorSet : TensorSet
{
    private readonly OnnxRuntimeModel _model;
    private bool _adopts;

    public OnnxTensorSet(OnnxRuntimeModel model)
        : base(model)
    {
        _model = model;
        Binding = model.CreateBinding();
    }

    public OrtIoBinding Binding { get; }

    /// <summary>Of this set alone, so that one run can be ended.</summary>
    public RunOptions Options { get; } = new();

    /// <summary>Tells the session of tensors whose memory or shape changed since this set was last run.</summary>
    public void Bind()
    {
        var rebound = NeedOutputs();
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

    /// <summary>Looked at by ONNX Runtime before each operator, also of the graphs inside loops.</summary>
    public override void Stop() => Options.Terminate = true;

    /// <summary>Fetches the outputs whose shape only the run could tell.</summary>
    public void TakeOutputs()
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

    public override void Dispose()
    {
        Binding.Dispose();
        Options.Dispose();
        base.Dispose();
    }

    /// <summary>Whether an output was shaped anew outside of a run of its own.</summary>
    private bool NeedOutputs()
    {
        foreach (var output in Outputs)
        {
            if (output.NeedsBinding)
            {
                return true;
            }
        }

        return false;
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
                Outputs[i].NeedsBinding = false;
            }
            else
            {
                Binding.BindOutputToDevice(Outputs[i].Info.Name, OrtMemoryInfo.DefaultInstance);
                Outputs[i].NeedsBinding = false;
                _adopts = true;
            }
        }
    }
}
