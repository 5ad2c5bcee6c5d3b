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

    /// <summary>Tells the session of tensors whose memory or shape changed since this set was last run.</summary>
    public void Bind()
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
        base.Dispose();
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
