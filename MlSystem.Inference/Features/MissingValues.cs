using System.Globalization;
using System.Text;
using MlSystem.Contracts;
using MlSystem.Features.V1;
using MlSystem.Inference.Prediction;
using MlSystem.Inference.Tensors;

namespace MlSystem.Inference.Features;

/// <summary>What takes the place of values that a look-up did not bring, as the endpoint says.</summary>
internal sealed class MissingValues(EndpointFeatures policy, Tensor[] joinKeys)
{
    private readonly List<string> _defaulted = [];

    /// <summary>Inputs of which at least one row has the endpoint's default.</summary>
    public IReadOnlyList<string> Defaulted => _defaulted;

    /// <summary>Fills a row whose value is expired, null or of an unknown entity.</summary>
    /// <exception cref="InferenceException">The policy or the input wants a value.</exception>
    public void Fill(Tensor input, int row, FeatureStatus status, string view)
    {
        var action = Action(status, view);
        if (action == FeaturePolicy.Refuse)
        {
            throw Refused(input, row, Reason(status), $"the endpoint refuses requests without it (feature view '{view}')");
        }

        if ((action != FeaturePolicy.Default || !TryDefault(input, row)) && !TrySetMissing(input, row))
        {
            throw Refused(input, row, Reason(status), "the input must have a value");
        }
    }

    /// <summary>A list has no default: one that is not there is empty unless the endpoint refuses it.</summary>
    /// <exception cref="InferenceException">The policy wants a value.</exception>
    public void CheckList(Tensor input, int row, FeatureStatus status, string view)
    {
        if (Action(status, view) == FeaturePolicy.Refuse)
        {
            throw Refused(input, row, Reason(status), $"the endpoint refuses requests without it (feature view '{view}')");
        }
    }

    /// <summary>Fills all rows without the feature store.</summary>
    /// <exception cref="InferenceException">The input has no default and must have a value.</exception>
    public void FillUnavailable(Tensor input, string why)
    {
        for (var row = 0; row < input.Count; row++)
        {
            if (!TryDefault(input, row) && !TrySetMissing(input, row))
            {
                throw InferenceException.Unavailable($"absent input '{input.Info.Name}' has no default and must have a value, and {why}");
            }
        }
    }

    private string Action(FeatureStatus status, string view)
    {
        var own = policy.Views.GetValueOrDefault(view);
        return status == FeatureStatus.OutsideMaxAge ? own?.Expired ?? policy.Expired : own?.Missing ?? policy.Missing;
    }

    private bool TryDefault(Tensor input, int row)
    {
        if (!FeatureDefaults.TrySet(policy, input, row))
        {
            return false;
        }

        if (_defaulted.Count == 0 || _defaulted[^1] != input.Info.Name)
        {
            _defaulted.Add(input.Info.Name);
        }

        return true;
    }

    private static bool TrySetMissing(Tensor input, int row)
    {
        if (!input.Info.Nullable || !input.Info.Datatype.CanBeMissing())
        {
            return false;
        }

        if (input.Info.Datatype == Datatype.Bytes)
        {
            input.SetBytes(row, []);
        }
        else
        {
            NumericTensors.Set(input, row, double.NaN);
        }

        return true;
    }

    private InferenceException Refused(Tensor input, int row, string reason, string why) => InferenceException.Invalid(
        $"absent input '{input.Info.Name}', row {row} ({string.Join(", ", joinKeys.Select(key => Describe(key, row)))}): {reason}, and {why}");

    private static string Reason(FeatureStatus status) => status switch
    {
        FeatureStatus.NullValue => "its newest row has no value",
        FeatureStatus.NotFound => "the feature store has no such entity",
        FeatureStatus.OutsideMaxAge => "its value is older than the feature view's time to live",
        _ => $"its status is {status}",
    };

    private static string Describe(Tensor key, int row) => string.Create(
        CultureInfo.InvariantCulture,
        $"{key.Info.Name} = {(key.Info.Datatype == Datatype.Bytes ? $"'{Encoding.UTF8.GetString(key.GetBytes(row))}'" : NumericTensors.GetDouble(key, row))}");
}
